"""Workspaces as Deployments of a Kubernetes cluster."""
