"""Workspaces as containers of a Docker engine."""
