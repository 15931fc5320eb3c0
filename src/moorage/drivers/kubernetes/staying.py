"""A shell in a pod that has looked around and stays for what is to be run next: one exec in place of two."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic

from ...errors import MoorageError
from ...kube.execution import Execution

_FRESH = 10.0
"""Seconds that one is good for: what stands between us and the pod may drop a silent connection later."""
_PATIENCE = 1.0


class Staying:
    """The contract's `Process` around one of which something has been read: its output goes on there."""

    def __init__(self, process: Execution) -> None:
        self._process = process
        self._pieces = process.output()
        self._since = monotonic()

    @property
    def half_close(self) -> bool:
        return self._process.half_close

    @property
    def is_fresh(self) -> bool:
        return monotonic() - self._since < _FRESH

    async def until(self, mark: bytes) -> tuple[bytes, bytes, bool]:
        """What comes on standard output before `mark`, on standard error, and whether the mark came.

        Raises as `Execution.output`.
        """
        streams = {1: bytearray(), 2: bytearray()}
        async for stream, data in self._pieces:
            streams[stream] += data
            if streams[1].endswith(mark):
                return bytes(streams[1].removesuffix(mark)), bytes(streams[2]), True
        return bytes(streams[1]), bytes(streams[2]), False

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Raises as `Execution.output`."""
        async for piece in self._pieces:
            yield piece

    async def write(self, data: bytes) -> None:
        """Raises BrokenPipeError."""
        await self._process.write(data)

    async def close_input(self) -> None:
        await self._process.close_input()

    async def resize(self, columns: int, rows: int) -> None:
        await self._process.resize(columns, rows)

    async def wait(self) -> int:
        """Raises as `Execution.wait`."""
        async for _ in self._pieces:
            pass
        return await self._process.wait()

    async def close(self) -> None:
        await self._process.close()

    async def leave(self) -> None:
        """Nothing is to be run: it ends with its input. Whether it does so in time is of no matter."""
        with contextlib.suppress(MoorageError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                if self.half_close:
                    await self.close_input()
                    await self.wait()
        await self.close()
