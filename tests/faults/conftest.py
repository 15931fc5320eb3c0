"""The fixtures of the integration tests: faults are tried on the same real engine."""

from tests.integration.conftest import cleanup, docker, images, moorage, workspace
from tests.integration.git.conftest import environ, make_repository

__all__ = ["cleanup", "docker", "environ", "images", "make_repository", "moorage", "workspace"]
