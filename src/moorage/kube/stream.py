"""Channels into a pod over one WebSocket: the subprotocols v5.channel.k8s.io and, without half-close, v4.

A binary message is a channel's number and its bytes (k8s.io/streaming/pkg/httpstream/wsstream).
Version 5 adds 255: a channel's end, which is how a process sees the end of its input.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from .client import Cluster, Query
from .dial import Wire
from .errors import ClusterLost, ClusterRefused, NotKubernetes
from .websocket import (
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

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
END = 255
SILENCE = 30.0
"""Seconds without a byte after which the peer is asked whether it lives; as many more, and it is lost."""
_PIECE = 256 * 1024
_FRAME = 64 * 1024


class Channels:
    """One WebSocket. Reading is what answers pings, so that a slow reader slows down the sender."""

    def __init__(self, wire: Wire, protocol: str, request: str) -> None:
        self.protocol = protocol
        self._wire = wire
        self._request = request
        self._splitter = Splitter()
        self._channel = -1
        self._closing = ""

    @classmethod
    async def open(cls, cluster: Cluster, path: str, query: Query, protocols: tuple[str, ...]) -> Channels:
        """Raises what `Cluster.call` raises, NotKubernetes."""
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

    @property
    def half_close(self) -> bool:
        """Whether a channel can end alone."""
        return self.protocol == V5

    @property
    def closing(self) -> str:
        """What the peer said when it closed; "" as long as it has not."""
        return self._closing

    async def pieces(self) -> AsyncIterator[tuple[int, bytes]]:
        """(channel, bytes) as they come, until the peer closes. Raises ClusterLost."""
        while not self._closing:
            data = await self._read()
            if not data:
                raise self.lost("it ended without a word")
            try:
                frames = self._splitter.feed(data)
            except Misframed as error:
                raise self.lost(str(error)) from error
            for opcode, piece, begins in frames:
                if opcode in (CLOSE, PING, PONG):
                    await self._control(opcode, piece)
                    continue
                if begins:
                    self._channel = -1
                if self._channel < 0 and piece:
                    self._channel, piece = piece[0], piece[1:]
                if piece:
                    yield self._channel, piece

    async def send(self, channel: int, data: bytes | memoryview) -> None:
        """Raises ConnectionError when the peer is gone."""
        view, head = memoryview(data), bytes([channel])
        while view:
            await self._wire.write(encode(BINARY, head + view[:_FRAME]))
            view = view[_FRAME:]

    async def end(self, channel: int) -> None:
        """Close one channel from our side (version 5 only)."""
        await self._wire.write(encode(BINARY, bytes([END, channel])))

    async def close(self) -> None:
        if not self._closing and not self._wire.ended:
            with contextlib.suppress(OSError, RuntimeError, TimeoutError):
                async with asyncio.timeout(2):
                    await self._wire.write(encode(CLOSE, (1000).to_bytes(2, "big")))
        self._closing = self._closing or "closed by us"
        await self._wire.close()

    def lost(self, why: str) -> ClusterLost:
        return ClusterLost(
            "The connection into the workspace's pod broke.",
            evidence=(f"{self._request}: {why}",),
            hint="Check that the pod, its node and the API server are there, then run the command again.",
        )

    async def _read(self) -> bytes:
        for again in (True, False):
            try:
                async with asyncio.timeout(SILENCE):
                    return await self._wire.reader.read(_PIECE)
            except TimeoutError as error:
                if not again:
                    raise self.lost(f"nothing came for {2 * SILENCE:.0f} s, not even an answer") from error
                await self._ping()
            except OSError as error:
                raise self.lost(str(error)) from error
        raise AssertionError("unreachable")

    async def _ping(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            await self._wire.write(encode(PING, b""))

    async def _control(self, opcode: int, data: bytes) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            if opcode == PING:
                await self._wire.write(encode(PONG, data))
            if opcode == CLOSE:
                self._closing = close_reason(data)
                await self._wire.write(encode(CLOSE, data[:2]))


def needs_half_close(what: str) -> ClusterRefused:
    """The refusal where only version 4 is spoken."""
    return ClusterRefused(
        f"This API server cannot end {what} alone.",
        evidence=(f"it speaks {V4} only",),
        hint="Use Kubernetes 1.30 or later, or a proxy before it that lets newer subprotocols through.",
    )
