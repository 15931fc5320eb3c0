"""Ports of a pod: bytes both ways, ends of one side, many at once, and nobody there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from moorage.kube import errors, forward
from moorage.kube.client import Cluster
from moorage.kube.forward import PortRefused, Tunnel, carry
from tests.cluster.cluster import Cluster as RealCluster

from .conftest import CONTAINER


@pytest.fixture(scope="session")
def echo(cluster: RealCluster, home: str) -> str:
    """A pod that on 7000 gives back what it gets, and on 7001 says how much it got once that has ended."""
    words = "nc -ll -p 7000 -e cat & nc -ll -p 7001 -e wc -c & wait"
    container = {"name": CONTAINER, "image": "busybox:latest", "command": ["sh", "-c", words]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    cluster.apply(home, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "echo"}, "spec": spec})
    cluster.wait(home, "pod/echo", "condition=Ready", seconds=120)
    return "echo"


@pytest.fixture(params=["spdy", "v4"])
def protocol(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Today's, and that of API servers before 1.31."""
    if request.param == "v4":
        monkeypatch.setattr(forward, "PROTOCOL", "nobody.speaks.this")
    return str(request.param)


async def test_what_is_sent_comes_back(at_home: Cluster, echo: str, protocol: str) -> None:
    tunnel = await Tunnel.open(at_home, echo, 7000)
    assert tunnel.half_close == (protocol == "spdy")
    sent = os.urandom(5 * 1024 * 1024)
    writing = asyncio.create_task(tunnel.write(sent))
    received = b""
    async for data in tunnel.pieces():
        received += data
        if len(received) == len(sent):
            break
    await writing
    await tunnel.close()
    assert received == sent


async def test_the_end_of_our_side_is_seen_there(at_home: Cluster, echo: str) -> None:
    tunnel = await Tunnel.open(at_home, echo, 7001)
    await tunnel.write(b"12345")
    await tunnel.write_eof()
    assert b"".join([data async for data in tunnel.pieces()]).strip() == b"5"
    await tunnel.close()


async def test_a_port_that_nobody_listens_on_is_told(at_home: Cluster, echo: str, protocol: str) -> None:
    tunnel = await Tunnel.open(at_home, echo, 7999)
    with pytest.raises(PortRefused) as caught:
        await anext(tunnel.pieces())
    await tunnel.close()
    assert "refused" in " ".join(caught.value.evidence)


async def test_a_pod_that_is_not_there_is_told(at_home: Cluster, echo: str) -> None:
    with pytest.raises(errors.ObjectMissing):
        await Tunnel.open(at_home, "nowhere", 80)


@asynccontextmanager
async def served(kube: Cluster, pod: str, port: int) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await carry(await Tunnel.open(kube, pod, port), reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_local_connections_are_carried(at_home: Cluster, echo: str) -> None:
    async def count(number: int, port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x" * number)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return int(answer)

    async with served(at_home, echo, 7001) as port:
        assert await asyncio.gather(*(count(number, port) for number in range(20))) == list(range(20))
