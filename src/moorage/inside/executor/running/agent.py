"""An ssh agent's socket for a RUN: ours, with the mode that it asks for, in front of the builder's."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

_PIECE = 1 << 16


@contextlib.asynccontextmanager
async def served(path: str, agent: str, mode: int, owner: tuple[int, int]) -> AsyncIterator[None]:
    """Whoever connects to `path` talks with the agent behind the socket `agent`. Raises OSError."""
    talking: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_unix_connection(agent)
            await asyncio.gather(_hand_on(reader, back), _hand_on(there, writer))
        writer.close()
        talking.discard(task)

    server = await asyncio.start_unix_server(talk, path)
    try:
        os.chown(path, *owner)
        os.chmod(path, mode)  # noqa: PTH101
        yield
    finally:
        server.close()
        for task in talking:
            task.cancel()
        if talking:
            await asyncio.wait(talking)


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    finally:
        writer.close()
