"""A client on the engine under test, and containers that go away with the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from moorage.engine import containers
from moorage.engine.client import Engine
from moorage.engine.endpoint import at

BUSYBOX = "busybox:latest"


@pytest.fixture(params=["engine", "old_engine"])
def host(request: pytest.FixtureRequest) -> str:
    """The address of a current engine, and in a second run of Docker 20.10."""
    return request.getfixturevalue(request.param).host


@pytest.fixture
async def client(host: str) -> AsyncIterator[Engine]:
    async with Engine(at(host, "the test")) as engine:
        yield engine


@pytest.fixture
async def container(client: Engine) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """``await container("sleep", "60")`` → the id of a started busybox."""
    made: list[str] = []

    async def make(*command: str, start: bool = True) -> str:
        body = {"Image": BUSYBOX, "Cmd": list(command or ("sleep", "3600")), "HostConfig": {"Init": True}}
        identity, _ = await containers.create(client, "", body)
        made.append(identity)
        if start:
            await containers.start(client, identity)
        return identity

    yield make
    for identity in made:
        await containers.remove(client, identity)
