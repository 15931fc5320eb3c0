"""One TCP connection to a port of a pod, over one WebSocket (v4.channel.k8s.io, the kubelet's port-forward).

Channel 0 carries the bytes, channel 1 words of an error; both begin with the port, two bytes little-endian.
There is no half-close here: a server that answers only after the end of what it is sent waits for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self

from .client import Cluster
from .errors import ClusterRefused
from .kinds import POD
from .stream import V4, Channels

_DATA, _ERROR = 0, 1
_PORT_BYTES = 2
_PIECE = 64 * 1024
GRACE = 20.0
"""Seconds."""


class PortRefused(ClusterRefused):
    """Nothing listens on the port in the pod, or the connection to it broke."""

    code = "pod-port-refused"


class Tunnel:
    """One connection. Its WebSocket belongs to it."""

    def __init__(self, channels: Channels, port: int) -> None:
        self._channels = channels
        self._port = port
        self.received = 0

    @classmethod
    async def open(cls, cluster: Cluster, pod: str, port: int, *, namespace: str = "") -> Self:
        """Raises ObjectMissing, ClusterRefused, Forbidden (`pods/portforward`), and as `Cluster.call`."""
        path = POD.path(namespace or cluster.access.namespace, pod, "portforward")
        return cls(await Channels.open(cluster, path, (("ports", str(port)),), (V4,)), port)

    async def pieces(self) -> AsyncIterator[bytes]:
        """What the pod's side sends, until it closes. Raises PortRefused, ClusterLost."""
        heads, words = {_DATA: 0, _ERROR: 0}, bytearray()
        async for channel, data in self._channels.pieces():
            if channel not in heads:
                continue
            skipped = min(_PORT_BYTES - heads[channel], len(data))
            heads[channel] += skipped
            data = data[skipped:]
            self.received += len(data)
            if data and channel == _DATA:
                yield data
            words += data if channel == _ERROR else b""
            if words:
                break
        if words:
            raise self._refused(words.decode(errors="replace"))

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
    """Join a local connection with the tunnel until the pod's side ends. Raises PortRefused, ClusterLost.

    Once the local side has ended its own, the pod's may say nothing for `GRACE` seconds at most.
    """
    sending = asyncio.create_task(_send(tunnel, reader))
    receiving = asyncio.create_task(_receive(tunnel, writer))
    try:
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        while not receiving.done():
            seen = tunnel.received
            await asyncio.wait((receiving,), timeout=GRACE)
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


async def _receive(tunnel: Tunnel, writer: asyncio.StreamWriter) -> None:
    async for data in tunnel.pieces():
        try:
            writer.write(data)
            await writer.drain()
        except ConnectionError:
            return  # the local side has gone away
