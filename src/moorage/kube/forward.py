"""One TCP connection to a port of a pod, over one WebSocket (the kubelet's port-forward, v4.channel.k8s.io).

Channel 0 has the bytes, channel 1 words of an error; both begin with the port, two bytes. One side cannot
end alone: containerd does not hand it on to the port, also not where kubectl says so in SPDY. It even cuts
the answer a second later, which is why a local end is not told here before the pod has been silent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Self

from .client import Cluster
from .errors import ClusterRefused
from .kinds import POD
from .stream import V4, Channels

GRACE = 20.0
"""Seconds in which the pod may say nothing once the local side has ended."""
_DATA, _ERROR = 0, 1
_PIECE = 64 * 1024


class PortRefused(ClusterRefused):
    """Nothing listens on the port in the pod, or the connection to it broke."""

    code = "pod-port-refused"


class Tunnel:
    """One connection. Its WebSocket belongs to it. `received`: bytes from the pod so far."""

    def __init__(self, channels: Channels, port: int) -> None:
        self.received = 0
        self._channels = channels
        self._port = port
        self._heads = {_DATA: 2, _ERROR: 2}

    @classmethod
    async def open(cls, cluster: Cluster, pod: str, port: int, *, namespace: str = "") -> Self:
        """Raises ObjectMissing, ClusterRefused, Forbidden (`pods/portforward`), and as `Cluster.call`."""
        path = POD.path(namespace or cluster.access.namespace, pod, "portforward")
        return cls(await Channels.open(cluster, path, (("ports", str(port)),), (V4,)), port)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What the pod's side sends, until it ends. Raises PortRefused, ClusterLost."""
        async with aclosing(self._channels.pieces()) as pieces:
            async for channel, piece in pieces:
                skipped = min(self._heads.get(channel, 0), len(piece))
                self._heads[channel] = self._heads.get(channel, 0) - skipped
                data = piece[skipped:]
                if data and channel == _ERROR:
                    raise self._refused(data.decode(errors="replace"))
                if data and channel == _DATA:
                    self.received += len(data)
                    yield data

    async def write(self, data: bytes) -> None:
        """Raises BrokenPipeError when the pod's side is gone."""
        try:
            await self._channels.send(_DATA, data)
        except (OSError, RuntimeError) as error:
            raise BrokenPipeError("the port in the pod is closed") from error

    async def close(self) -> None:
        await self._channels.close()

    def _refused(self, words: str) -> PortRefused:
        return PortRefused(
            f"The port {self._port} in the pod does not take connections.",
            evidence=tuple(words.strip().splitlines()[:5]),
            hint="Check that something listens on it inside, on 127.0.0.1 or on all addresses.",
        )


async def carry(tunnel: Tunnel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join a local connection with the tunnel until the pod's side ends. Raises PortRefused, ClusterLost."""
    sending = asyncio.create_task(_send(tunnel, reader))
    receiving = asyncio.create_task(_receive(tunnel, writer))
    try:
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        seen = -1
        while not receiving.done() and tunnel.received != seen:
            seen = tunnel.received
            await asyncio.wait((receiving,), timeout=GRACE)
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


async def _receive(tunnel: Tunnel, writer: asyncio.StreamWriter) -> None:
    async with aclosing(tunnel.pieces()) as pieces:
        async for data in pieces:
            try:
                writer.write(data)
                await writer.drain()
            except ConnectionError:
                return  # the local side has gone away
