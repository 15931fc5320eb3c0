"""Builds with Podman's own builder (buildah)."""
