"""One WebSocket to the API server: opened, read piece by piece, kept alive, closed.

Reading is what answers pings, so that a slow reader slows down the sender: nothing is read ahead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from .client import Cluster, Query
from .dial import Wire
from .errors import ClusterLost, NotKubernetes
from .frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    Misframed,
    Splitter,
    chosen_protocol,
    close_reason,
    encode,
    opening,
)

SILENCE = 30.0
"""Seconds without a byte after which the peer is asked whether it lives; as many more, and it is lost."""
_ROUNDS, _ROUNDS_WITH_INPUT = 2, 30
_BUFFERED = 128 * 1024
"""Bytes that an API server takes for a process that does not read; after more it may not hear us ask."""
_PIECE = 256 * 1024


class WebSocket:
    """`protocol`: what both agreed on. `closing`: what the peer said when it closed, "" until then."""

    def __init__(self, wire: Wire, protocol: str, request: str) -> None:
        self.protocol = protocol
        self.closing = ""
        self.request = request
        self._wire = wire
        self._unheard = 0
        self._splitter = Splitter()
        self._frames: deque[tuple[int, bytes, bool]] = deque()

    @classmethod
    async def open(cls, cluster: Cluster, path: str, query: Query, protocols: tuple[str, ...]) -> WebSocket:
        """Raises what `Cluster.call` raises, and NotKubernetes where something in between cannot do it."""
        headers = opening(protocols)
        wire, answer = await cluster.upgrade(path, query, headers)
        try:
            protocol = chosen_protocol(headers, answer.headers)
        except Misframed as error:
            await wire.close()
            raise NotKubernetes(
                "The API server, or a proxy before it, cannot speak WebSocket.",
                evidence=(f"GET {path}: {error}",),
                hint="Check that proxies and load balancers before the API server let WebSocket through.",
            ) from error
        return cls(wire, protocol, f"GET {path}")

    async def pieces(self) -> AsyncGenerator[tuple[bytes, bool], None]:
        """(bytes, whether a message begins with them) as they come, until the peer closes.

        One that is left early can be followed by another, which goes on there. Raises ClusterLost.
        """
        while True:
            while self._frames:
                opcode, piece, begins = self._frames.popleft()
                if opcode in (CLOSE, PING, PONG):
                    self._control(opcode, piece)
                else:
                    yield piece, begins
            if self.closing:
                return
            data = await self._read()
            if not data:
                raise self.lost("it ended without a word")
            try:
                self._frames.extend(self._splitter.feed(data))
            except Misframed as error:
                raise self.lost(str(error)) from error

    async def send(self, data: bytes) -> None:
        """One message. Raises OSError or RuntimeError when the peer is gone."""
        self._unheard += len(data)
        await self._wire.write(encode(BINARY, data))

    async def close(self) -> None:
        if not self.closing and not self._wire.ended:
            self._wire.post(encode(CLOSE, (1000).to_bytes(2, "big")))
        self.closing = self.closing or "closed by us"
        await self._wire.close()

    def lost(self, why: str) -> ClusterLost:
        left = (
            f"a process that leaves more than {_BUFFERED // 1024} KiB of its input unread has this end, too"
        )
        return ClusterLost(
            "The connection into the workspace's pod broke.",
            evidence=(f"{self.request}: {why}", *([left] if self._unheard > _BUFFERED else [])),
            hint="Check that the pod, its node and the API server are there, then run the command again.",
        )

    async def _read(self) -> bytes:
        rounds = 0
        while True:
            try:
                async with asyncio.timeout(SILENCE):
                    data = await self._wire.reader.read(_PIECE)
                self._unheard = 0
                return data
            except TimeoutError as error:
                rounds += 1
                if rounds >= (_ROUNDS_WITH_INPUT if self._unheard > _BUFFERED else _ROUNDS):
                    raise self.lost(f"nothing came for {rounds * SILENCE:.0f} s") from error
                self._wire.post(encode(PING, b""))
            except OSError as error:
                raise self.lost(str(error)) from error

    def _control(self, opcode: int, data: bytes) -> None:
        if opcode == PING:
            self._wire.post(encode(PONG, data))
        if opcode == CLOSE:
            self.closing = close_reason(data)
            self._wire.post(encode(CLOSE, data[:2]))
