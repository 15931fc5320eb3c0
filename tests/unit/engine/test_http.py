"""HTTP answers as bytes on a wire, whole, in pieces, and broken off."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.engine.http import Answer, Broken, Connection, parse_head


class Tape:
    """A wire that plays given bytes and records what is written."""

    def __init__(self, *pieces: bytes, end: bool = True) -> None:
        self.reader = asyncio.StreamReader(limit=4096)
        self.written = b""
        self.closed = False
        for piece in pieces:
            self.reader.feed_data(piece)
        if end:
            self.reader.feed_eof()

    @property
    def ended(self) -> bool:
        return self.reader.at_eof()

    async def write(self, data: bytes) -> None:
        self.written += data

    async def write_eof(self) -> None: ...

    async def close(self) -> None:
        self.closed = True

    async def last_words(self) -> tuple[str, ...]:
        return ()


async def _asked(*pieces: bytes, method: str = "GET") -> tuple[Connection, Answer]:
    connection = Connection(Tape(*pieces))
    return connection, await connection.request(method, "/x", {"Host": "docker"})


@given(
    body=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 500), max_size=6),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=5),
    chunked=st.booleans(),
)
def test_a_body_arrives_however_it_is_cut(
    body: bytes, cuts: list[int], sizes: list[int], chunked: bool
) -> None:
    if chunked:
        parts, place, turn = [], 0, 0
        while place < len(body):
            piece = body[place : place + sizes[turn % len(sizes)]]
            parts.append(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
            place, turn = place + len(piece), turn + 1
        framed = b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(parts) + b"0\r\nTrailer: t\r\n\r\n"
    else:
        framed = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    data = b"HTTP/1.1 200 OK\r\n" + framed
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})

    async def run() -> None:
        pieces = [data[a:b] for a, b in pairwise(edges)]
        connection, answer = await _asked(*pieces)
        assert await answer.read() == body
        assert connection.free

    asyncio.run(run())


async def _read(data: bytes) -> bytes:
    _, answer = await _asked(data)
    return await answer.read()


@given(cut=st.integers(0, 61))
def test_a_body_cut_off_is_noticed(cut: int) -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

    async def run() -> None:
        with pytest.raises(Broken) as caught:
            await _read(data[:cut])
        assert caught.value.silent == (cut == 0)

    asyncio.run(run())


@pytest.mark.parametrize(
    "head",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 99 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(head: bytes) -> None:
    with pytest.raises(Broken):
        parse_head(head)


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-1\r\n", b"ffffffffffff\r\n", b"2\r\nabXX", b"\r\n"])
async def test_wrong_chunks_are_refused(chunk: bytes) -> None:
    _, answer = await _asked(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk)
    with pytest.raises(Broken):
        await answer.read()


async def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(Broken):
        await _asked(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20000)


async def test_answers_without_a_body() -> None:
    connection, answer = await _asked(b"HTTP/1.1 404 x\r\nContent-Length: 20\r\n\r\n", method="HEAD")
    assert (answer.status, await answer.read(), connection.free) == (404, b"", True)
    connection, answer = await _asked(b"HTTP/1.1 204 No Content\r\n\r\n", method="DELETE")
    assert (await answer.read(), connection.free) == (b"", True)


async def test_a_hint_before_the_answer_is_passed_over() -> None:
    _, answer = await _asked(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert (answer.status, await answer.read()) == (200, b"x")


async def test_an_answer_up_to_the_end_uses_the_connection_up() -> None:
    connection, answer = await _asked(b"HTTP/1.0 200 OK\r\n\r\nrest")
    assert (await answer.read(), connection.free) == (b"rest", False)
    connection, answer = await _asked(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    assert (await answer.read(), connection.free) == (b"", False)


async def test_what_is_sent() -> None:
    tape = Tape(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", end=False)
    await Connection(tape).request("POST", "/a?b=c", {"Host": "docker"}, b"{}")
    assert tape.written == b"POST /a?b=c HTTP/1.1\r\nHost: docker\r\nContent-Length: 2\r\n\r\n{}"


async def test_a_stream_is_sent_in_chunks() -> None:
    async def pieces() -> object:
        for piece in (b"ab", b"", b"c" * 17):
            yield piece

    tape = Tape(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", end=False)
    await Connection(tape).request("PUT", "/a", {}, pieces())  # type: ignore[arg-type]
    assert tape.written.endswith(b"\r\n\r\n2\r\nab\r\n11\r\n" + b"c" * 17 + b"\r\n0\r\n\r\n")
