"""Streams that end, or do not, in ways that a healthy API server never shows."""

from __future__ import annotations

import asyncio
import json

import pytest

from moorage.kube import errors, websocket
from moorage.kube.client import Cluster
from moorage.kube.execution import Execution
from moorage.kube.stream import V4, V5
from tests.unit.kube.standin import Request, connected, status

SUCCESS = b"\x03" + json.dumps({"status": "Success"}).encode()


async def start(cluster: Cluster) -> Execution:
    return await Execution.start(cluster, "pod", "c", ("true",), stdin=True)


async def test_a_stream_without_a_status_is_lost() -> None:
    async def handler(request: Request) -> None:
        await request.upgrade(V5)
        await request.frame(2, b"\x01half")
        await request.frame(8, b"\x03\xf3going away")

    async with connected(handler) as cluster:
        process = await start(cluster)
        output = process.output()
        assert await anext(output) == (1, b"half")
        with pytest.raises(errors.ClusterLost) as caught:
            await anext(output)
        await process.close()
    assert "1011 going away" in caught.value.evidence[0]


async def test_a_stream_that_is_cut_is_lost() -> None:
    async def handler(request: Request) -> None:
        await request.upgrade(V5)
        await request.frame(2, b"\x01half")
        request.cut()

    async with connected(handler) as cluster:
        process = await start(cluster)
        with pytest.raises(errors.ClusterLost):
            await process.wait()
        await process.close()


async def test_a_silent_peer_is_asked_and_then_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SILENCE", 0.05)
    heard: list[int] = []

    async def handler(request: Request) -> None:
        await request.upgrade(V5)
        heard.append((await request.reader.readexactly(6))[0] & 15)
        await request.frame(10, b"")
        heard.append((await request.reader.readexactly(6))[0] & 15)
        await asyncio.sleep(5)

    async with connected(handler) as cluster:
        process = await start(cluster)
        with pytest.raises(errors.ClusterLost, match="broke"):
            await process.wait()
        await process.close()
    assert heard == [9, 9]


async def test_output_that_is_left_early_loses_nothing() -> None:
    async def handler(request: Request) -> None:
        await request.upgrade(V5)
        request.writer.write(b"\x82\x02\x01a\x82\x02\x01b\x82" + bytes([len(SUCCESS)]) + SUCCESS)
        await request.frame(8, b"\x03\xe8")

    async with connected(handler) as cluster:
        process = await start(cluster)
        assert await anext(process.output()) == (1, b"a")
        assert await anext(process.output()) == (1, b"b")
        assert await process.wait() == 0
        await process.close()


async def test_a_ping_is_answered() -> None:
    answers: list[bytes] = []

    async def handler(request: Request) -> None:
        await request.upgrade(V5)
        await request.frame(9, b"hi")
        answers.append(await request.reader.readexactly(8))
        await request.frame(2, SUCCESS)
        await request.frame(8, b"\x03\xe8")

    async with connected(handler) as cluster:
        process = await start(cluster)
        assert await process.wait() == 0
        await process.close()
    assert answers[0][0] == 0x8A


async def test_an_old_server_cannot_end_the_input_and_says_so() -> None:
    async def handler(request: Request) -> None:
        assert request.headers["sec-websocket-protocol"] == f"{V5}, {V4}"
        await request.upgrade(V4)
        await request.frame(2, SUCCESS)
        await request.frame(8, b"\x03\xe8")

    async with connected(handler) as cluster:
        process = await start(cluster)
        assert not process.half_close
        with pytest.raises(errors.ClusterRefused) as caught:
            await process.close_input()
        assert await process.wait() == 0
        await process.close()
    assert "1.30" in caught.value.hint


async def test_a_proxy_without_websockets_is_told() -> None:
    async def handler(request: Request) -> None:
        request.writer.write(b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n")
        await request.writer.drain()

    async with connected(handler) as cluster:
        with pytest.raises(errors.NotKubernetes, match="WebSocket"):
            await start(cluster)


async def test_a_missing_role_is_told_with_both_verbs() -> None:
    async def handler(request: Request) -> None:
        said = 'User "jo" cannot create resource "pods/exec" in API group "" in the namespace "default"'
        await request.answer(403, status(403, "Forbidden", said))

    async with connected(handler) as cluster:
        with pytest.raises(errors.Forbidden) as caught:
            await start(cluster)
    assert '["create", "get"]' in caught.value.evidence[-1]
