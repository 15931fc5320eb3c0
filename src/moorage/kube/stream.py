"""Channels over one WebSocket: the subprotocols v5.channel.k8s.io and, without half-close, v4.

A message is a channel's number and its bytes (k8s.io/streaming/pkg/httpstream/wsstream). Version 5 adds 255:
a channel's end, which is how a process sees the end of its input.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from .client import Cluster, Query
from .errors import ClusterLost
from .websocket import WebSocket

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_END = 255
_FRAME = 64 * 1024


class Channels:
    """What is sent on several channels, both ways. `half_close`: a channel can end alone."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._channel = -1

    @classmethod
    async def open(cls, cluster: Cluster, path: str, query: Query, protocols: tuple[str, ...]) -> Channels:
        """Raises as `WebSocket.open`."""
        return cls(await WebSocket.open(cluster, path, query, protocols))

    @property
    def half_close(self) -> bool:
        return self._socket.protocol == V5

    async def pieces(self) -> AsyncGenerator[tuple[int, bytes], None]:
        """(channel, bytes) as they come, until the peer closes. Raises ClusterLost."""
        async with aclosing(self._socket.pieces()) as pieces:
            async for piece, begins in pieces:
                if begins:
                    self._channel = -1
                if self._channel < 0 and piece:
                    self._channel, piece = piece[0], piece[1:]
                if piece:
                    yield self._channel, piece

    async def send(self, channel: int, data: bytes) -> None:
        """Raises OSError or RuntimeError when the peer is gone."""
        view, head = memoryview(data), bytes([channel])
        while view:
            await self._socket.send(head + view[:_FRAME])
            view = view[_FRAME:]

    async def end(self, channel: int) -> None:
        """Close one channel from our side. Raises as `send`."""
        await self._socket.send(bytes([_END, channel]))

    async def close(self) -> None:
        await self._socket.close()

    def lost(self, why: str) -> ClusterLost:
        """The error for a stream that ended otherwise than it should; the peer's last words count first."""
        return self._socket.lost(self._socket.closing or why)
