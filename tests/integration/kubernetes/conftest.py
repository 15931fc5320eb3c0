"""A real cluster with the least rights that are needed there: as a driver, and as a person uses it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moorage.drivers.kubernetes.driver import KubernetesDriver
from moorage.drivers.kubernetes.known import Identity, Known
from moorage.drivers.kubernetes.opening import opened
from moorage.drivers.kubernetes.options import Options, parse
from moorage.engine.errors import NameTaken
from moorage.spec import names
from moorage.spec.observation import EngineFacts
from moorage.spec.run import Content, RunSpec
from tests.cluster.account import user
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.person import IMAGE as DEVCONTAINER
from tests.integration.kubernetes.person import Person

IMAGE = "docker.io/library/busybox:latest"
ROOT = Identity(uid=0, gid=0, name="root", home="/root")


class Place:
    """A driver, its namespace and specs for it; `said` has what people would have been told."""

    def __init__(self, cluster: Cluster, namespace: str, driver: KubernetesDriver, said: list[str]) -> None:
        self.cluster, self.namespace, self.driver, self.said = cluster, namespace, driver, said
        self.facts = EngineFacts(product="other", version="", platform="linux/amd64", cpus=1, memory=1)

    def spec(self, **changes: Any) -> RunSpec:
        workspace = os.urandom(8).hex()
        spec = RunSpec(
            image=IMAGE,
            workspace=workspace,
            name=f"moorage-{workspace}",
            content=Content(kind="upload", source="/src", target="/workspaces/app"),
            environment=(("GREETING", "hello\nworld"),),
            remote_user="root",
            labels=((names.ID, workspace), (names.NAME, "app"), (names.OWNER, "me"), (names.SOURCE, "/src")),
        )
        return msgspec.structs.replace(spec, **changes)

    async def up(self, spec: RunSpec, known: Known | None = None) -> None:
        """As the loop does: what another one has made is good."""
        with contextlib.suppress(NameTaken):
            await self.driver.create(spec, self.facts, known or Known(remote=ROOT))
        await self.driver.start(spec.name)

    def with_options(self, **given: str) -> None:
        """The same driver with other options."""
        self.driver.options = parse({"namespace": self.namespace, **given})

    def pod(self, spec: RunSpec) -> dict[str, Any]:
        selector = f"--selector={names.ID}={spec.workspace}"
        pods = self.cluster.get(self.namespace, "pods", selector)
        found: dict[str, Any] = next(each for each in pods if "deletionTimestamp" not in each["metadata"])
        return found


@pytest.fixture
async def place(cluster: Cluster, namespace: str, tmp_path: Path) -> AsyncIterator[Place]:
    said: list[str] = []
    config = user(cluster, namespace, tmp_path)
    options = Options(config=str(config), namespace=namespace, pod_timeout=60, scheduling_timeout=4)
    async with opened(options, dict(os.environ), "/root", said.append) as driver:
        yield Place(cluster, namespace, driver, said)


@pytest.fixture
def person(cluster: Cluster, namespace: str, tmp_path: Path) -> Person:
    home = tmp_path / "home"
    home.mkdir()
    return Person(cluster, namespace, home)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    def make(**configuration: object) -> Path:
        folder = tmp_path / "project"
        (folder / ".devcontainer").mkdir(parents=True)
        body = {"image": DEVCONTAINER, "remoteUser": "vscode", **configuration}
        (folder / ".devcontainer/devcontainer.json").write_text(json.dumps(body))
        (folder / "src").mkdir()
        (folder / "src/tool").write_text("#!/bin/sh\necho ran\n")
        (folder / "src/tool").chmod(0o755)
        return folder

    return make
