"""A process whose end is told before its stream ends, so that input which nobody reads cannot hold it up.

API server and node hand the end of a process on only when all input has gone in. So our script (`inside.sh`)
says a word on the error stream when the process has ended, drops what still comes, and leaves once we have
ended the input.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from ...kube.execution import Execution
from .staying import Staying


class Attended:
    """The contract's `Process`, around one that was started with this word."""

    def __init__(self, process: Execution | Staying, word: bytes) -> None:
        self._process = process
        self._word = word
        self._held = b""
        self._over = False
        self._closed = False

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Raises as `Execution.output`."""
        async for stream, data in self._process.output():
            told = await self._heard(data) if stream == 2 else data
            if told:
                yield stream, told
        if self._held and not self._over:
            yield 2, self._held

    async def write(self, data: bytes) -> None:
        """Raises BrokenPipeError when the process, or the connection to it, is gone."""
        if self._over:
            raise BrokenPipeError("the process has ended")
        await self._process.write(data)

    async def close_input(self) -> None:
        if not self._over:
            await self._close()

    async def resize(self, columns: int, rows: int) -> None:
        await self._process.resize(columns, rows)

    async def wait(self) -> int:
        """Raises as `Execution.wait`."""
        async for _ in self.output():
            pass
        return await self._process.wait()

    async def close(self) -> None:
        await self._process.close()

    async def _close(self) -> None:
        """Once: what comes after it may meet a connection that has ended, and take its last words along."""
        if not self._closed:
            self._closed = True
            await self._process.close_input()

    async def _heard(self, data: bytes) -> bytes:
        """What of it people may see. The beginning of a word is held back until it is known to be one."""
        told, found, rest = (self._held + data).partition(self._word)
        if found and not self._over:
            self._over, self._held = True, b""
            await self._close()
            return told + rest
        if self._over:
            return self._held + data
        start = told.rfind(self._word[:1], max(0, len(told) - len(self._word) + 1))
        cut = start if start >= 0 and self._word.startswith(told[start:]) else len(told)
        self._held = told[cut:]
        return told[:cut]
