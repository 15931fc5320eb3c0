"""A server on loopback that answers as a test says: for faults that no real API server shows on demand."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha1

from moorage.kube.access import Access, User
from moorage.kube.client import Cluster

Handler = Callable[["Request"], Awaitable[None]]


class Request:
    """One request, and the ways to answer it."""

    def __init__(
        self,
        line: str,
        headers: dict[str, str],
        body: bytes,
        pair: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.method, self.target = line.split(" ")[:2]
        self.headers = headers
        self.body = body
        self.reader, self.writer = pair

    async def answer(self, status: int, value: object, **headers: str) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.writer.drain()

    async def stream(self, *values: object) -> None:
        """A watch's lines, then its end."""
        self.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for value in values:
            line = json.dumps(value).encode() + b"\n"
            self.writer.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def upgrade(self, protocol: str) -> None:
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = b64encode(sha1(key.encode()).digest()).decode()
        self.writer.write(
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
        )
        await self.writer.drain()

    async def frame(self, opcode: int, data: bytes) -> None:
        length = bytes([len(data)]) if len(data) < 126 else bytes([126]) + len(data).to_bytes(2, "big")
        self.writer.write(bytes([0x80 | opcode]) + length + data)
        await self.writer.drain()

    def cut(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def serving(handler: Handler, *, port: int = 0) -> AsyncIterator[Access]:
    """The access to a server that hands each request to `handler`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode().rstrip().split("\r\n")
                headers = {k.lower(): v for k, _, v in (each.partition(": ") for each in rest)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                await handler(Request(line, headers, body, (reader, writer)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    number = server.sockets[0].getsockname()[1]
    try:
        yield Access(server=f"http://127.0.0.1:{number}", user=User(token="t"), origin="test")
    finally:
        server.close()


@asynccontextmanager
async def connected(handler: Handler, *, patience: float = 2.0) -> AsyncIterator[Cluster]:
    async with serving(handler) as access, Cluster(access, {}, patience=patience) as cluster:
        yield cluster


def status(code: int, reason: str, message: str = "no") -> dict[str, object]:
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
