"""One TCP connection to a port of a pod, over one WebSocket.

The kubelet's port-forward: a pair of streams, one for the bytes, one for words of an error. API servers from
1.31 on carry SPDY in the WebSocket, where each side can end alone; older ones have channels (v4), where it
cannot, so that there a local end is taken for the end of all once the pod has been silent for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol, Self

from .client import Cluster
from .errors import ClusterRefused
from .kinds import POD
from .spdy import PROTOCOL, Misframed, Session
from .stream import V4, Channels
from .websocket import WebSocket

_PIECE = 64 * 1024
GRACE = 20.0
"""Seconds of silence, see above."""


class PortRefused(ClusterRefused):
    """Nothing listens on the port in the pod, or the connection to it broke."""

    code = "pod-port-refused"


class Tunnel:
    """One connection. Its WebSocket belongs to it. `half_close`: our side can end alone."""

    def __init__(self, pair: _Pair, port: int) -> None:
        self.half_close = pair.half_close
        self.received = 0
        self._pair = pair
        self._port = port

    @classmethod
    async def open(cls, cluster: Cluster, pod: str, port: int, *, namespace: str = "") -> Self:
        """Raises ObjectMissing, ClusterRefused, Forbidden (`pods/portforward`), and as `Cluster.call`."""
        path = POD.path(namespace or cluster.access.namespace, pod, "portforward")
        socket = await WebSocket.open(cluster, path, (("ports", str(port)),), (PROTOCOL, V4))
        if socket.protocol == PROTOCOL:
            return cls(await _Streams.open(socket, port), port)
        return cls(_Paired(socket), port)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What the pod's side sends, until it ends. Raises PortRefused, ClusterLost."""
        words = bytearray()
        async with aclosing(self._pair.pieces()) as pieces:
            async for is_error, data in pieces:
                if is_error:
                    words += data
                else:
                    self.received += len(data)
                    yield data
        if words:
            raise PortRefused(
                f"The port {self._port} in the pod does not take connections.",
                evidence=tuple(words.decode(errors="replace").strip().splitlines()[:5]),
                hint="Check that something listens on it inside, on 127.0.0.1 or on all addresses.",
            )

    async def write(self, data: bytes) -> None:
        """Raises BrokenPipeError when the pod's side is gone."""
        try:
            await self._pair.write(data)
        except (OSError, RuntimeError) as error:
            raise BrokenPipeError("the port in the pod is closed") from error

    async def write_eof(self) -> None:
        """The end of our side, where the API server can carry it (`half_close`)."""
        with contextlib.suppress(OSError, RuntimeError):
            await self._pair.write_eof()

    async def close(self) -> None:
        await self._pair.close()


async def carry(tunnel: Tunnel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join a local connection with the tunnel until the pod's side ends. Raises PortRefused, ClusterLost."""
    sending = asyncio.create_task(_send(tunnel, reader))
    receiving = asyncio.create_task(_receive(tunnel, writer))
    try:
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        while not receiving.done():
            seen = tunnel.received
            await asyncio.wait((receiving,), timeout=None if tunnel.half_close else GRACE)
            if tunnel.received == seen:
                break
        if receiving.done():
            receiving.result()
    finally:
        sending.cancel()
        receiving.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
        await tunnel.close()


async def _send(tunnel: Tunnel, reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE):
            await tunnel.write(data)
        await tunnel.write_eof()


async def _receive(tunnel: Tunnel, writer: asyncio.StreamWriter) -> None:
    async with aclosing(tunnel.pieces()) as pieces:
        async for data in pieces:
            try:
                writer.write(data)
                await writer.drain()
            except ConnectionError:
                return  # the local side has gone away


class _Pair(Protocol):
    """Both ways to carry the two streams."""

    half_close: bool

    def pieces(self) -> AsyncGenerator[tuple[bool, bytes], None]:
        """(whether it is of the stream for errors, bytes), until the pod's side ends."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def write_eof(self) -> None: ...

    async def close(self) -> None: ...


class _Streams:
    """SPDY in the WebSocket."""

    half_close = True
    _ERROR, _DATA = 1, 3

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._session = Session()
        self._there = {self._ERROR, self._DATA}
        self._pieces: deque[tuple[int, bytes, bool]] = deque()

    @classmethod
    async def open(cls, socket: WebSocket, port: int) -> _Streams:
        made = cls(socket)
        names = {"port": str(port), "requestid": "0"}
        begin = made._session.begin
        opening = begin(cls._ERROR, {"streamtype": "error", **names}, end=True)
        await socket.send(opening + begin(cls._DATA, {"streamtype": "data", **names}))
        return made

    async def pieces(self) -> AsyncGenerator[tuple[bool, bytes], None]:
        async with aclosing(self._socket.pieces()) as messages:
            while self._there:
                while self._pieces:
                    stream, data, ended = self._pieces.popleft()
                    self._there -= {stream} if ended else set()
                    if data:
                        yield stream == self._ERROR, data
                if self._there:
                    await self._receive(messages)

    async def _receive(self, messages: AsyncGenerator[tuple[bytes, bool], None]) -> None:
        message = await anext(messages, None)
        if message is None and self._DATA in self._there:
            raise self._socket.lost(self._socket.closing)
        if message is None:
            self._there.clear()
            return
        try:
            self._pieces.extend(self._session.feed(message[0]))
        except Misframed as error:
            raise self._socket.lost(f"no SPDY: {error}") from error
        if answers := self._session.answers():
            await self._socket.send(answers)

    async def write(self, data: bytes) -> None:
        await self._socket.send(self._session.data(self._DATA, data))

    async def write_eof(self) -> None:
        await self._socket.send(self._session.data(self._DATA, b"", end=True))

    async def close(self) -> None:
        await self._socket.close()


class _Paired:
    """Channels 0 (data) and 1 (errors); both begin with the port, two bytes."""

    half_close = False

    def __init__(self, socket: WebSocket) -> None:
        self._channels = Channels(socket)
        self._heads = {0: 2, 1: 2}

    async def pieces(self) -> AsyncGenerator[tuple[bool, bytes], None]:
        async with aclosing(self._channels.pieces()) as pieces:
            async for channel, data in pieces:
                skipped = min(self._heads.get(channel, 0), len(data))
                self._heads[channel] = self._heads.get(channel, 0) - skipped
                if data := data[skipped:]:
                    yield channel == 1, data
                    if channel == 1:
                        return

    async def write(self, data: bytes) -> None:
        await self._channels.send(0, data)

    async def write_eof(self) -> None:
        """Nothing: see above."""

    async def close(self) -> None:
        await self._channels.close()
