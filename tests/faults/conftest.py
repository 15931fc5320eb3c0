"""The fixtures of the integration tests: faults are tried on the same real engine."""

from tests.integration.conftest import cleanup, docker, images, moorage, workspace

__all__ = ["cleanup", "docker", "images", "moorage", "workspace"]
