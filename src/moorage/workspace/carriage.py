"""Streams of files into and out of a workspace: fed and heard at once, with a word about progress."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Protocol

from moorage.drivers.base import Process
from moorage.errors import EngineError
from moorage.events import Reporter, StepProgress

_EVERY = 1.0
"""Seconds between two words about progress."""
_LONGEST = 4096
_NO_MORE = b""


class Ear(Protocol):
    """Takes what the other side says, by stream (1, 2); while it does, no more comes."""

    async def hear(self, stream: int, data: bytes) -> None: ...


class Heard:
    """The last words of a program, whichever stream they came by."""

    def __init__(self) -> None:
        self._said = b""

    async def hear(self, stream: int, data: bytes) -> None:
        del stream
        self._said = (self._said + data)[-_LONGEST:]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._said.decode(errors="replace").strip().splitlines()[-8:])


class Whole(Heard):
    """All of standard output in `data`, and the last words of the other."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    async def hear(self, stream: int, data: bytes) -> None:
        if stream == 1:
            self.data += data
        else:
            await super().hear(stream, data)


class Progress:
    """Says now and then how far it is."""

    def __init__(self, reporter: Reporter, step: str) -> None:
        self._reporter = reporter
        self._step = step
        self._next = time.monotonic() + _EVERY

    def __call__(self, files: int, size: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        text = f"{files} files, {size / 1e6:.0f} MB"
        self._reporter.emit(StepProgress(step=self._step, text=text, done=size))


async def carried(process: Process, chunks: Iterable[bytes], ear: Ear) -> int:
    """The exit code. A failure here cuts the stream, by which the other side knows that it is not whole."""
    feeding = asyncio.create_task(_fed(process, iter(chunks)))
    hearing = asyncio.create_task(_heard(process, ear))
    try:
        await asyncio.wait((feeding, hearing), return_when=asyncio.FIRST_COMPLETED)
        if feeding.done():
            feeding.result()
        await hearing
        return await process.wait()
    finally:
        for task in (feeding, hearing):
            task.cancel()
        await asyncio.gather(feeding, hearing, return_exceptions=True)


async def _fed(process: Process, chunks: Iterator[bytes]) -> None:
    while chunk := await asyncio.to_thread(next, chunks, _NO_MORE):
        try:
            await process.write(chunk)
        except (EngineError, ConnectionError):
            return  # the other side has ended; its exit code says why
    await process.close_input()


async def _heard(process: Process, ear: Ear) -> None:
    async for stream, data in process.output():
        await ear.hear(stream, data)
