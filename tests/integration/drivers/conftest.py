"""A docker driver on the engine under test, and a workspace of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from moorage.drivers.docker.driver import DockerDriver
from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.spec import names
from moorage.spec.run import Content, RunSpec


@pytest.fixture(params=["engine", "old_engine"])
async def driver(request: pytest.FixtureRequest) -> AsyncIterator[DockerDriver]:
    """On a current engine, and in a second run on Docker 20.10."""
    host = request.getfixturevalue(request.param).host
    async with DockerDriver(Engine(at(host, "the test")), {"FROM_HERE": "yes"}) as driver:
        yield driver


@pytest.fixture
async def spec(driver: DockerDriver, tmp_path: Path) -> AsyncIterator[Callable[..., RunSpec]]:
    """``spec(user="nobody")`` → a RunSpec of this test's workspace; all of it is deleted afterwards."""
    workspace = uuid4().hex[:16]

    def make(**changes: object) -> RunSpec:
        fields: dict[str, object] = {
            "image": "busybox:latest",
            "workspace": workspace,
            "name": f"moorage-test-{workspace}",
            "content": Content(kind="bind", source=str(tmp_path), target="/workspaces/project"),
            "labels": ((names.ID, workspace), (names.NAME, "test"), (names.SOURCE, str(tmp_path))),
        }
        return RunSpec(**{**fields, **changes})

    yield make
    await driver.delete(workspace)
