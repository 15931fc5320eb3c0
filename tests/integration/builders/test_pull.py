"""Pulls through a real engine."""

from __future__ import annotations

import asyncio

import pytest

from moorage.builders.images import Puller
from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.oci.credentials import Credential
from moorage.oci.failures import ImageNotFound, LoginRequired, PlatformMissing, RegistryUnreachable
from tests.unit.builders.recorder import Recorder


@pytest.fixture
async def client(engine):
    async with Engine(at(engine.host, "test")) as found:
        yield found


@pytest.fixture
def copy(docker, registry, cleanup):
    """An image of this test's own in the registry, which the engine does not have."""
    name = f"{registry}/moorage-{cleanup.token}:1"
    docker("tag", "busybox:latest", name)
    docker("push", "--quiet", name)
    docker("rmi", name)
    return name


async def nobody(host: str) -> Credential | None:
    return None


async def test_many_at_once_pull_once(client, docker, copy):
    puller = Puller(client, nobody)
    before = client.sent
    await asyncio.gather(*(puller.pull(copy, Recorder(), "pull") for _ in range(5)))
    assert client.sent - before == 1
    assert docker("image", "inspect", "-f", "{{.Id}}", copy)


async def test_one_who_gives_up_does_not_stop_the_others(client, docker, copy):
    puller = Puller(client, nobody)
    first = asyncio.ensure_future(puller.pull(copy, Recorder(), "pull"))
    second = asyncio.ensure_future(puller.pull(copy, Recorder(), "pull"))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert docker("image", "inspect", "-f", "{{.Id}}", copy)


async def test_an_image_that_is_not_there(client, registry):
    with pytest.raises(ImageNotFound, match="moorage-test/no-such:1"):
        await Puller(client, nobody).pull(f"{registry}/moorage-test/no-such:1", Recorder(), "pull")


async def test_a_registry_that_wants_a_login(client, auth_registry, private):
    image = private
    with pytest.raises(LoginRequired) as caught:
        await Puller(client, nobody).pull(image, Recorder(), "pull")
    assert f"docker login {auth_registry.address}" in caught.value.hint

    async def login(host: str) -> Credential | None:
        assert host == auth_registry.address
        return Credential(username=auth_registry.user, password=auth_registry.password)

    await Puller(client, login).pull(image, Recorder(), "pull")

    async def wrong(host: str) -> Credential | None:
        return Credential(username=auth_registry.user, password="wrong")

    with pytest.raises(LoginRequired):
        await Puller(client, wrong).pull(image, Recorder(), "pull")


async def test_a_registry_that_is_not_there(client):
    with pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:1"):
        await Puller(client, nobody).pull("127.0.0.1:1/x:1", Recorder(), "pull")


async def test_a_platform_that_the_image_does_not_have(client, copy):
    with pytest.raises(PlatformMissing, match="linux/s390x"):
        await Puller(client, nobody).pull(copy, Recorder(), "pull", platform="linux/s390x")
