"""The runtime as it is built, in a volume of an engine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from moorage.runtime.delivery import TARGET
from moorage.runtime.recipe import ROOT
from scripts.engines import provision
from scripts.engines.layout import Layout
from scripts.engines.provision import Engine, Runtime
from tests.conftest import found_or_made
from tests.outside import Docker

NOBODY = "4321:4321"


class Place:
    """Runs programs of the runtime in a container of one image: nothing writable, no network, no user."""

    def __init__(self, docker: Docker, image: str, volume: str) -> None:
        self.docker = docker
        self.image = image
        self.volume = volume

    def run(
        self, *command: str, options: tuple[str, ...] = (), user: str = NOBODY
    ) -> subprocess.CompletedProcess[str]:
        mounted = f"type=volume,source={self.volume},target={ROOT},readonly"
        program = [
            "docker", "--host", self.docker.host, "run", "--rm", "--read-only", "--network", "none",
            "--user", user, "--mount", mounted, *options, "--entrypoint", command[0], self.image,
            *command[1:],
        ]  # fmt: skip
        return subprocess.run(program, capture_output=True, text=True, timeout=120)

    def python(self, code: str, *arguments: str, **named: Any) -> subprocess.CompletedProcess[str]:
        return self.run(f"{ROOT}/bin/python3", "-I", "-c", code, *arguments, **named)


@pytest.fixture(scope="session")
def runtime(engine: Engine) -> Runtime:
    """The runtime of this code, its image in the engine, and images that have next to nothing."""
    return found_or_made(lambda: provision.built_runtime(Layout.from_environment(), engine.host))


@pytest.fixture(scope="session")
def volume(engine: Engine, runtime: Runtime) -> Iterator[str]:
    """A volume that the image has filled."""
    docker, name = Docker(engine.host), f"t{uuid4().hex[:12]}-runtime"
    docker("volume", "create", name)
    try:
        mounted = f"type=volume,source={name},target={TARGET}"
        docker(
            "run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL", "--mount", mounted,
            runtime.image, "install", TARGET,
        )  # fmt: skip
        yield name
    finally:
        docker("volume", "rm", "--force", name)
