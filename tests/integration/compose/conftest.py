"""A Compose project with an application and a database that takes a moment to be ready."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.outside import Cli, Docker, Traces

DB = {
    "image": "busybox",
    "command": ["sh", "-c", "trap exit TERM; sleep 0.3; touch /tmp/ready; sleep 1000000 & wait"],
    "healthcheck": {"test": ["CMD", "test", "-e", "/tmp/ready"], "interval": "200ms", "retries": 50},
}
APP = {
    "image": "debian:bookworm-slim",
    "command": ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"],
    "volumes": ["..:/work", "data:/data"],
    "depends_on": {"db": {"condition": "service_healthy"}},
}


class Stack:
    """A folder whose devcontainer.json names a service `app` of its compose.yml; `project` is its name."""

    def __init__(self, folder: Path, docker: Docker) -> None:
        self.folder = folder
        self.docker = docker
        self.project = f"{folder.name}_devcontainer"
        (folder / ".devcontainer").mkdir(parents=True, exist_ok=True)

    def on(self, docker: Docker) -> Stack:
        """The same folder on another engine."""
        return Stack(self.folder, docker)

    def write(
        self,
        app: Mapping[str, Any] | None = None,
        *,
        services: Mapping[str, Any] | None = None,
        top: Mapping[str, Any] | None = None,
        **configuration: Any,
    ) -> Path:
        all_services = {"app": {**APP, **(app or {})}, "db": DB, **(services or {})}
        file = {
            "services": {name: _said(service) for name, service in all_services.items()},
            "volumes": {"data": {}},
            **(top or {}),
        }
        (self.folder / ".devcontainer/compose.yml").write_text(json.dumps(file))
        found = {
            "dockerComposeFile": "compose.yml",
            "service": "app",
            "workspaceFolder": "/work",
            **configuration,
        }
        (self.folder / ".devcontainer/devcontainer.json").write_text(json.dumps(found))
        return self.folder

    def states(self) -> dict[str, str]:
        """Service → state."""
        label = f"label=com.docker.compose.project={self.project}"
        form = '{{.Label "com.docker.compose.service"}} {{.State}}'
        lines = self.docker.lines("ps", "--all", "--filter", label, "--format", form)
        return dict(line.split(" ", 1) for line in lines)

    def inspect(self, service: str = "app") -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", f"{self.project}-{service}-1"))
        return found[0]

    def listed(self, moorage: Cli) -> list[dict[str, Any]]:
        """The workspaces of this folder."""
        found = json.loads(moorage.ok("list", "--output", "json").stdout)
        return [each for each in found if str(self.folder) in json.dumps(each)]

    def left(self) -> list[str]:
        """Whatever still bears the project's label."""
        label = f"label=com.docker.compose.project={self.project}"
        return [
            *self.docker.lines("ps", "--all", "--quiet", "--filter", label),
            *self.docker.lines("volume", "ls", "--quiet", "--filter", label),
            *self.docker.lines("network", "ls", "--quiet", "--filter", label),
        ]


def _said(service: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in service.items() if value is not None}


@pytest.fixture
def stack(tmp_path: Path, docker: Docker, cleanup: Traces) -> Stack:
    return Stack(tmp_path / cleanup.token, docker)
