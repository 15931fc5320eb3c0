"""Real engines and registries for tests, demo and benches on a machine that has none.

Standard library only: it runs under the system's own python3, before anything is installed.
"""
