"""Containers, files, images, volumes and events of real engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from uuid import uuid4

import pytest

from moorage.engine import containers, images, info, volumes
from moorage.engine.client import Engine
from moorage.engine.errors import (
    Conflict,
    EngineTimeout,
    ImageMissing,
    NameTaken,
    NoSuchContainer,
    NotFound,
)
from moorage.engine.ustar import Entry, files, pack

Make = Callable[..., Awaitable[str]]
BUSYBOX = "busybox:latest"


async def test_one_connection_carries_many_requests(client: Engine) -> None:
    for _ in range(3):
        assert await client.call("GET", "/_ping") == b"OK"
    assert (client.sent, list(client.requests)) == (3, ["GET /_ping"] * 3)
    assert len(client._idle) == 1


async def test_requests_side_by_side(client: Engine) -> None:
    answers = await asyncio.gather(*(client.call("GET", "/_ping") for _ in range(8)))
    assert answers == [b"OK"] * 8


async def test_who_it_is(client: Engine) -> None:
    about, version = await info.read(client)
    assert about.NCPU > 0
    assert about.MemTotal > 1 << 20
    assert version.Os == "linux"
    assert tuple(int(part) for part in version.ApiVersion.split(".")) >= (1, 41)


async def test_life_of_a_container(client: Engine, container: Make) -> None:
    name = await container("sleep", "600")
    await containers.start(client, name)  # again: nothing happens
    found = await containers.inspect(client, name)
    assert found is not None
    assert (found.State.Status, found.Config.Image) == ("running", BUSYBOX)
    await containers.stop(client, name, seconds=1)
    await containers.stop(client, name, seconds=1)
    found = await containers.inspect(client, name)
    assert found is not None
    assert found.State.Status == "exited"
    assert await containers.remove(client, name) is True
    assert await containers.remove(client, name) is False
    assert await containers.inspect(client, name) is None


async def test_a_paused_container_goes_on(client: Engine, container: Make) -> None:
    name = await container()
    await client.post(f"/containers/{name}/pause")
    await containers.start(client, name)
    found = await containers.inspect(client, name)
    assert found is not None
    assert found.State.Status == "running"


async def test_names_are_a_lock(client: Engine) -> None:
    name = f"t{uuid4().hex[:12]}"
    await containers.create(client, name, {"Image": BUSYBOX})
    try:
        with pytest.raises(NameTaken):
            await containers.create(client, name, {"Image": BUSYBOX})
    finally:
        await containers.remove(client, name)


async def test_removed_by_two_at_once(client: Engine, container: Make) -> None:
    name = await container()
    await asyncio.gather(*(containers.remove(client, name) for _ in range(4)))
    assert await containers.inspect(client, name) is None


async def test_waiting_and_last_words(client: Engine, container: Make) -> None:
    name = await container("sh", "-c", "echo one; echo two >&2; exit 4")
    assert await containers.wait(client, name, "not-running", timeout=30) == 4
    assert sorted(await containers.log_tail(client, name, 5)) == ["one", "two"]
    assert await containers.wait(client, "no-such", "not-running", timeout=30) is None


async def test_a_deadline_is_kept(client: Engine, container: Make) -> None:
    name = await container()
    with pytest.raises(EngineTimeout):
        await containers.wait(client, name, "not-running", timeout=0.05)
    assert await client.call("GET", "/_ping") == b"OK"


async def test_files_in_and_out(client: Engine, container: Make) -> None:
    name = await container(start=False)
    long_name = "deep/" + "a" * 120 + ".txt"
    entries = [Entry(name="top", folder=True, mode=0o755), Entry(name=f"top/{long_name}", data=b"x" * 1000)]
    entries.append(Entry(name="top/empty", uid=5, gid=6, mode=0o600))
    await containers.write(client, name, "/tmp", pack(entries))
    archive = await containers.read(client, name, "/tmp/top")
    assert archive is not None
    assert files(archive) == {long_name: b"x" * 1000, "empty": b""}
    assert await containers.exists(client, name, "/tmp/top/empty")
    assert not await containers.exists(client, name, "/tmp/top/other")
    assert await containers.read(client, name, "/nowhere") is None
    with pytest.raises(NotFound):
        await containers.write(client, name, "/nowhere", pack(entries))
    with pytest.raises(NoSuchContainer):
        await containers.read(client, "no-such", "/tmp")


async def test_images(client: Engine) -> None:
    found = await images.inspect(client, BUSYBOX)
    assert found is not None
    assert found.platform.startswith("linux/")
    assert found.RootFS.Layers
    reference = f"moorage-test/t{uuid4().hex[:12]}:one"
    await images.tag(client, BUSYBOX, reference)
    tagged = await images.inspect(client, reference)
    assert tagged is not None
    assert tagged.RootFS == found.RootFS
    assert await images.remove(client, reference) is True
    assert await images.remove(client, reference) is False
    assert await images.inspect(client, reference) is None
    with pytest.raises(ImageMissing):
        await images.tag(client, reference, reference)
    with pytest.raises(ImageMissing):
        await containers.create(client, "", {"Image": reference})


async def test_volumes_and_networks(client: Engine) -> None:
    name, label = f"t{uuid4().hex[:12]}", f"dev.moorage.test={uuid4().hex}"
    await volumes.create(client, name, {"dev.moorage.test": label.partition("=")[2]})
    assert [each.Name for each in await volumes.find(client, label)] == [name]
    body = {"Image": BUSYBOX, "HostConfig": {"Mounts": [{"Type": "volume", "Source": name, "Target": "/v"}]}}
    user, _ = await containers.create(client, "", body)
    with pytest.raises(Conflict):
        await volumes.remove(client, name)
    await containers.remove(client, user)
    assert await volumes.remove(client, name) is True
    assert await volumes.remove(client, name) is False
    assert await volumes.inspect(client, name) is None
    assert await volumes.find_networks(client, label) == []


async def test_events_follow_a_container(client: Engine) -> None:
    key = uuid4().hex
    async with aclosing(containers.events(client, label=f"dev.moorage.test={key}")) as events:
        following = asyncio.ensure_future(anext(events))
        while "GET /events" not in client.requests:
            await asyncio.sleep(0)
        await client.call("GET", "/_ping")
        body = {"Image": BUSYBOX, "Labels": {"dev.moorage.test": key}}
        name, _ = await containers.create(client, "", body)
        try:
            async with asyncio.timeout(20):
                assert b'"create"' in await following
        finally:
            await containers.remove(client, name)


async def test_a_cancelled_request_leaves_no_half_read_connection(client: Engine, container: Make) -> None:
    name = await container()
    waiting = asyncio.create_task(containers.wait(client, name, "not-running", timeout=20))
    while not any(each.endswith("/wait") for each in client.requests):
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await client.call("GET", "/_ping") == b"OK"
