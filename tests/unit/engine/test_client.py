"""The client against a socket that misbehaves in every way that an engine can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from moorage.engine.client import Engine, quoted, target_of
from moorage.engine.endpoint import Endpoint, at
from moorage.engine.errors import (
    EngineDenied,
    EngineLost,
    EngineMissing,
    EngineNotRunning,
    EngineRefused,
    EngineTimeout,
)
from moorage.engine.execution import Execution

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Callable[[Handler], Awaitable[Engine]]]:
    servers: list[asyncio.Server] = []
    engines: list[Engine] = []

    async def make(handler: Handler) -> Engine:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            finally:
                writer.close()

        path = f"{tmp_path}/{uuid4().hex[:8]}"
        servers.append(await asyncio.start_unix_server(serve, path))
        engines.append(Engine(at(f"unix://{path}", "test")))
        return engines[-1]

    yield make
    for each in engines:
        await each.close()
    for server in servers:
        server.close()


def _answering(*answers: bytes, forever: bool = False) -> Handler:
    """Each connection gives these answers, one a request, and is closed then (or keeps silent)."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            if not await reader.readuntil(b"\r\n\r\n"):
                return
            writer.write(answer)
            await writer.drain()
        if forever:
            await reader.read()

    return handler


async def test_a_stale_connection_is_replaced_for_a_read(
    engine: Callable[[Handler], Awaitable[Engine]],
) -> None:
    count = 0

    async def once_then_silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")  # the next request: closed without an answer

    client = await engine(once_then_silence)
    assert await client.call("GET", "/a") == b"OK"
    assert await client.call("GET", "/b") == b"OK"
    assert count == 2
    with pytest.raises(EngineLost):
        await client.call("POST", "/c")  # may have been carried out: never sent twice
    assert count == 2


async def test_a_closed_connection_is_not_used_again(engine: Callable[[Handler], Awaitable[Engine]]) -> None:
    client = await engine(_answering(OK))
    assert await client.call("GET", "/a") == b"OK"
    await asyncio.sleep(0.01)
    assert await client.call("POST", "/b") == b"OK"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConte",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\nshort",
        b"220 mail.example ESMTP\r\n\r\n",
    ],
)
async def test_a_broken_answer_is_an_error_at_once(
    engine: Callable[[Handler], Awaitable[Engine]], answer: bytes
) -> None:
    client = await engine(_answering(answer))
    with pytest.raises(EngineLost) as caught:
        await client.call("GET", "/a")
    assert "GET /a" in caught.value.evidence[0]


async def test_silence_ends_in_time(engine: Callable[[Handler], Awaitable[Engine]]) -> None:
    client = await engine(_answering(b"", forever=True))
    with pytest.raises(EngineTimeout):
        await client.call("GET", "/a", timeout=0.01)
    async with aclosing(client.lines("GET", "/a", silence=0.01)) as lines:
        with pytest.raises(EngineTimeout):
            await anext(lines)


async def test_a_stream_that_stops_saying_anything(engine: Callable[[Handler], Awaitable[Engine]]) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = await engine(_answering(head + b"6\r\none\ntw\r\n2\r\no\n\r\n", forever=True))
    async with aclosing(client.lines("GET", "/a", silence=0.05)) as lines:
        assert [await anext(lines), await anext(lines)] == [b"one", b"two"]
        with pytest.raises(EngineTimeout):
            await anext(lines)


async def test_an_answer_before_the_body_is_sent(engine: Callable[[Handler], Awaitable[Engine]]) -> None:
    refusal = b'HTTP/1.1 400 x\r\nConnection: close\r\nContent-Length: 17\r\n\r\n{"message":"not"}'
    done = asyncio.Event()

    async def without_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        await done.wait()

    client = await engine(without_reading)
    with pytest.raises(EngineRefused, match="not"):
        await client.call("PUT", "/a", body=bytes(20_000_000), timeout=10)
    done.set()


async def test_a_body_that_cannot_be_made_is_its_own_error(
    engine: Callable[[Handler], Awaitable[Engine]],
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    client = await engine(_answering(b"", forever=True))
    with pytest.raises(ZeroDivisionError):
        await client.call("PUT", "/a", body=pieces(), timeout=10)


async def test_an_answer_of_another_kind(engine: Callable[[Handler], Awaitable[Engine]]) -> None:
    client = await engine(_answering(OK))
    with pytest.raises(EngineRefused, match="does not understand"):
        await client.get("/a", dict)


async def test_refusals_to_upgrade(engine: Callable[[Handler], Awaitable[Engine]]) -> None:
    client = await engine(
        _answering(b'HTTP/1.1 409 x\r\nContent-Length: 17\r\n\r\n{"message":"not"}', forever=True)
    )
    with pytest.raises(Exception, match="not"):
        await client.hijack("/exec/x/start", json={})


@pytest.mark.parametrize("rest", [b"\1\0\0\0\0\0\0\x09half", b"\1\0\0", b"what is this"])
async def test_a_process_whose_engine_goes_away(
    engine: Callable[[Handler], Awaitable[Engine]], rest: bytes
) -> None:
    created = b'HTTP/1.1 201 x\r\nContent-Length: 10\r\n\r\n{"Id":"x"}'
    begun = b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n\1\0\0\0\0\0\0\2ok" + rest

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (created, begun):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            writer.write(answer)

    execution = await Execution.start(await engine(handler), "c", ("true",))
    with pytest.raises(EngineLost):
        await execution.wait()
    await execution.close()


async def test_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = f"unix://{tmp_path}/gone.sock"
    with pytest.raises(EngineNotRunning):
        await Engine(at(gone, "DOCKER_HOST")).call("GET", "/")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    with pytest.raises(EngineMissing) as caught:
        await Engine(at(gone, "the usual place")).call("GET", "/")
    assert "install=true" in caught.value.hint
    with pytest.raises(EngineNotRunning):
        await Engine(at("tcp://127.0.0.1:1", "DOCKER_HOST")).call("GET", "/")
    with pytest.raises(EngineMissing):
        await Engine(Endpoint(host="ssh://h", origin="x", command=("no-such-program",))).call("GET", "/")


async def test_a_socket_that_is_not_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    async def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("asyncio.open_unix_connection", denied)
    with pytest.raises(EngineDenied) as caught:
        await Engine(at("unix:///x.sock", "DOCKER_HOST")).call("GET", "/")
    assert "docker" in caught.value.hint


async def test_through_the_streams_of_a_process(tmp_path: Path) -> None:
    script = "head -c 3 >/dev/null; printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nOK'"
    endpoint = Endpoint(host="ssh://h", origin="x", command=("sh", "-c", script))
    async with Engine(endpoint) as client:
        assert await client.call("GET", "/") == b"OK"


async def test_a_process_that_leads_nowhere_says_why() -> None:
    endpoint = Endpoint(
        host="ssh://h", origin="x", command=("sh", "-c", "echo Permission denied >&2; exit 255")
    )
    with pytest.raises(EngineLost) as caught:
        await Engine(endpoint).call("GET", "/")
    assert "Permission denied" in caught.value.evidence


def test_targets() -> None:
    assert (
        target_of("/a", {"x": True, "y": False, "z": None, "t": 0, "f": 'ü&="'})
        == "/a?x=1&t=0&f=%C3%BC%26%3D%22"
    )
    assert target_of("/a", None) == "/a"
    assert quoted("a/b:c@d") == "a%2Fb%3Ac%40d"
