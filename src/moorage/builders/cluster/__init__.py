"""Builds in a Kubernetes cluster: BuildKit in a pod that is shared and kept warm, pushing to a registry."""
