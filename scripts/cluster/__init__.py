"""A real Kubernetes for tests and demo on a machine that has none: control plane, nodes, names, registry.

Standard library only, as scripts/engines, whose cache, slots and programs it shares.
"""
