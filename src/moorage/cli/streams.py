"""Joins a process in a workspace with this process's own standard streams, byte for byte.

The descriptors stay in blocking mode, because the shell that started us shares them: setting O_NONBLOCK would
change them for it too. So nothing is written before the descriptor says that it can take it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import stat

from moorage.drivers.base import Process

_PIECE = 64 * 1024
_ATOMIC = 4096
"""What a pipe that is ready takes without blocking (PIPE_BUF)."""


class OutputClosed(Exception):
    """Nobody reads our output any more."""


async def feed(process: Process, descriptor: int = 0) -> None:
    """Our input to the process until it ends, then end its input too."""
    with contextlib.suppress(BrokenPipeError):
        while data := await _read(descriptor):
            await process.write(data)
    await process.close_input()


async def relay(process: Process) -> None:
    """The output of the process to ours until it ends. Raises OutputClosed, and what `output` raises."""
    targets = {1: Sink(1), 2: Sink(2)}
    async for stream, data in process.output():
        await targets[stream].write(data)


class Sink:
    """One of our own descriptors to write to. Raises OutputClosed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        with contextlib.suppress(OSError):
            self._whole = stat.S_ISREG(os.fstat(descriptor).st_mode)

    async def write(self, data: bytes) -> None:
        try:
            await self._write(memoryview(data))
        except OSError as error:
            if error.errno in (errno.EPIPE, errno.EIO, errno.EBADF, errno.ECONNRESET):
                raise OutputClosed from error
            raise

    async def _write(self, rest: memoryview) -> None:
        while rest:
            if not self._poll.poll(0):
                await _ready(self._descriptor, writing=True)
            written = os.write(self._descriptor, rest if self._whole else rest[:_ATOMIC])
            rest = rest[written:]

    _whole = False


async def _read(descriptor: int) -> bytes:
    """The next piece of our input; nothing at its end, or where there is none."""
    try:
        await _ready(descriptor, writing=False)
        return os.read(descriptor, _PIECE)
    except OSError:  # closed, or a terminal that has gone
        return b""


async def _ready(descriptor: int, *, writing: bool) -> None:
    """Wait until the descriptor can be used; regular files, which cannot be waited for, always can."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    try:
        add(descriptor, _settle, ready)
    except PermissionError:
        await asyncio.sleep(0)
        return
    try:
        await ready
    finally:
        remove(descriptor)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
