"""HTTP/1.1 on one wire (RFC 9112), as far as an engine speaks it: lengths, chunks, upgrades, keep-alive."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping

from .wire import Wire

Body = bytes | AsyncIterable[bytes]

_PIECE = 64 * 1024
_LONGEST_CHUNK = 256 * 1024 * 1024


class Broken(Exception):
    """The peer broke off or spoke something else. `silent`: not a single byte of an answer had come."""

    def __init__(self, text: str, *, silent: bool = False) -> None:
        super().__init__(text)
        self.silent = silent


class Answer:
    """Status and headers (names in lower case) of one answer, whose body is still to be read."""

    def __init__(self, connection: Connection, status: int, headers: dict[str, str], bodiless: bool) -> None:
        self.status = status
        self.headers = headers
        self._connection = connection
        self._bodiless = bodiless

    async def read(self) -> bytes:
        """The whole body. Raises Broken when it ends too early."""
        return b"".join([piece async for piece in self.pieces()])

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises Broken when it ends too early."""
        try:
            async for piece in self._framed():
                yield piece
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Broken("the answer was cut off") from error
        except (ValueError, asyncio.LimitOverrunError) as error:
            raise Broken(f"the answer's chunks make no sense ({error})") from error
        self._connection.finished(keep=self._keeps_alive())

    def _framed(self) -> AsyncIterator[bytes]:
        reader = self._connection.wire.reader
        if self._bodiless:
            return _counted(reader, 0)
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return _chunked(reader)
        if "content-length" in self.headers:
            return _counted(reader, int(self.headers["content-length"]))
        return _until_end(reader)

    def _keeps_alive(self) -> bool:
        delimited = self._bodiless or "content-length" in self.headers or "transfer-encoding" in self.headers
        return delimited and "close" not in self.headers.get("connection", "").lower()


class Connection:
    """One wire that carries one exchange after another."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.used = False
        self.free = True
        self._unsent = False

    async def request(self, method: str, target: str, headers: Mapping[str, str], body: Body = b"") -> Answer:
        """Send and wait for the head of the answer; free again once its body has been read.

        Raises Broken.
        """
        self.free = False
        if not isinstance(body, bytes) or len(body) > _PIECE:
            return await self._at_once(method, target, headers, body)
        with contextlib.suppress(ConnectionError):  # what it said before it closed comes next
            await self._send(method, target, headers, body)
        return await self._answer(method)

    def finished(self, *, keep: bool) -> None:
        self.used = True
        self.free = keep and not self._unsent

    async def close(self) -> None:
        self.free = False
        await self.wire.close()

    async def _at_once(self, method: str, target: str, headers: Mapping[str, str], body: Body) -> Answer:
        """An engine may refuse before it has read a large body, so its answer is listened for meanwhile."""
        sending = asyncio.create_task(self._send(method, target, headers, body))
        answering = asyncio.create_task(self._answer(method))
        try:
            await asyncio.wait((sending, answering), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                with contextlib.suppress(ConnectionError):
                    await sending
            self._unsent = not sending.done()
            return await answering
        finally:
            sending.cancel()
            answering.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)

    async def _send(self, method: str, target: str, headers: Mapping[str, str], body: Body) -> None:
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if not isinstance(body, bytes):
            lines.append("Transfer-Encoding: chunked")
        elif body or method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        if isinstance(body, bytes):
            await self.wire.write(head + body)
            return
        await self.wire.write(head)
        async for piece in body:
            if piece:
                await self.wire.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await self.wire.write(b"0\r\n\r\n")

    async def _answer(self, method: str) -> Answer:
        while True:
            try:
                head = await self.wire.reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as error:
                raise Broken("the connection was closed", silent=not error.partial) from error
            except ConnectionError as error:
                raise Broken("the connection was reset", silent=True) from error
            except asyncio.LimitOverrunError as error:
                raise Broken("the answer's head has no end") from error
            status, headers = parse_head(head)
            if status == 101 or status >= 200:
                return Answer(self, status, headers, method == "HEAD" or status in (101, 204, 304))


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status line and headers; repeated headers are joined by a comma. Raises Broken."""
    lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not re.fullmatch("[1-5][0-9][0-9]", words[1]):
        raise Broken(f"this is no HTTP: {lines[0][:80]!r}")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Broken(f"this is no header: {line[:80]!r}")
        key, value = name.lower(), value.strip()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        raise Broken(f"this is no length: {length[:80]!r}")
    return int(words[1]), headers


async def _counted(reader: asyncio.StreamReader, length: int) -> AsyncIterator[bytes]:
    while length:
        piece = await reader.read(min(length, _PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", length)
        length -= len(piece)
        yield piece


async def _chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if not 0 <= size <= _LONGEST_CHUNK:
            raise ValueError(f"chunk of {size} bytes")
        if size == 0:
            break
        async for piece in _counted(reader, size):
            yield piece
        if await reader.readexactly(2) != b"\r\n":
            raise ValueError("chunk without end")
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers


async def _until_end(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(_PIECE):
        yield piece
