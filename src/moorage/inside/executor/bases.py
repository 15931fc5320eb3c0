"""A base image's layers on top of one another in a root, unpacked while the next ones are downloaded."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from moorage.inside.executor.images import Image, Images, Layer
from moorage.inside.executor.place import Place
from moorage.inside.layers.apply import into_root
from moorage.inside.layers.journal import Journal

_AHEAD = 3
"""Layers on the way at once: more does not make one registry faster."""
_PIECE = 1 << 20


async def unpack(
    image: Image, images: Images, place: Place, folder: str, journal: Journal, guarded: Sequence[str] = ()
) -> tuple[str, ...]:
    """The image below the folder, which has to be empty. Says what could not be as the layers have it.

    Raises what `moorage.inside.layers.apply.into_root` raises. When it ends, nothing is on its way any more.
    """
    left: list[str] = []
    waiting = deque(image.layers)
    coming: deque[tuple[Layer, _Download]] = deque()
    try:
        while waiting or coming:
            while waiting and len(coming) < _AHEAD:
                layer = waiting.popleft()
                coming.append((layer, _Download(images, image, layer, place.store)))
            layer, download = coming[0]
            unpacked = await into_root(download.chunks(), folder, journal, layer.diff_id, guarded=guarded)
            left += unpacked.left
            await download.close()
            coming.popleft()
    finally:
        for _, download in coming:
            await download.close()
    return tuple(left)


class _Download:
    """One layer that goes into a file without a name, and out of it while it still comes."""

    def __init__(self, images: Images, image: Image, layer: Layer, folder: str) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed by close
        self._size = 0
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._fetch(images, image, layer))
        self._task.add_done_callback(lambda _: self._more.set())

    async def _fetch(self, images: Images, image: Image, layer: Layer) -> None:
        async with aclosing(images.layer(image, layer)) as chunks:
            async for chunk in chunks:
                view = memoryview(chunk)
                while view:
                    view = view[self._file.write(view) or 0 :]
                self._size += len(chunk)
                self._more.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """From the first byte. Raises what the download raised, where it broke off."""
        at = 0
        while True:
            self._more.clear()
            ended = self._task.done()
            while at < self._size:
                piece = os.pread(self._file.fileno(), min(_PIECE, self._size - at), at)
                at += len(piece)
                yield piece
            if ended:
                await self._task
                return
            if at == self._size and not self._task.done():
                await self._more.wait()

    async def close(self) -> None:
        """End it, finished or not."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            self._task.exception()  # seen; whoever wanted the bytes was told
        self._file.close()
