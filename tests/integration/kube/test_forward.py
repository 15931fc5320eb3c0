"""Ports of a pod: bytes both ways, ends of one side, many at once, and nobody there."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from moorage.kube import errors, forward
from moorage.kube.client import Cluster
from moorage.kube.forward import PortRefused, Tunnel, carry
from tests.cluster.cluster import Cluster as RealCluster
from tests.integration.kube.place import CONTAINER


@pytest.fixture(scope="session")
def echo(cluster: RealCluster, home: str) -> str:
    """A pod that on 7000 gives back what it gets, and on 7001 slowly what line it got."""
    words = "nc -ll -p 7000 -e cat & nc -ll -p 7001 -e sh -c 'read -r l; sleep 1.5; echo got $l' & wait"
    container = {"name": CONTAINER, "image": "busybox:latest", "command": ["sh", "-c", words]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    cluster.apply(home, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "echo"}, "spec": spec})
    cluster.wait(home, "pod/echo", "condition=Ready", seconds=120)
    return "echo"


async def test_what_is_sent_comes_back(at_home: Cluster, echo: str) -> None:
    tunnel = await Tunnel.open(at_home, echo, 7000)
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


async def test_a_port_that_nobody_listens_on_is_told(at_home: Cluster, echo: str) -> None:
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
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await carry(await Tunnel.open(kube, pod, port), reader, writer)
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*running)


async def test_many_local_connections_get_all_of_a_late_answer(at_home: Cluster, echo: str) -> None:
    async def ask(number: int, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"%d\n" % number)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer

    async with served(at_home, echo, 7001) as port:
        answers = await asyncio.gather(*(ask(number, port) for number in range(20)))
    assert answers == [b"got %d\n" % number for number in range(20)]


async def test_a_local_side_that_has_gone_is_not_carried_for_ever(
    at_home: Cluster, echo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "GRACE", 0.1)
    tunnel = await Tunnel.open(at_home, echo, 7000)
    reader = asyncio.StreamReader()
    reader.feed_eof()
    theirs, ours = socket.socketpair()
    with theirs:
        _, writer = await asyncio.open_connection(sock=ours)
        await asyncio.wait_for(carry(tunnel, reader, writer), 5)
        writer.close()
