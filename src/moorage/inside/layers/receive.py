"""Takes a layer in while it is downloaded: one thread unpacks its compression, another writes.

zlib and hashlib let go of the interpreter while they work, so the two run side by side, as `tar -xz` has it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from moorage.inside.layers.belt import Belt, Stopped
from moorage.inside.layers.compression import plain
from moorage.oci.digest import Check, mismatch
from moorage.oci.manifest import Descriptor

_T = TypeVar("_T")

_CHUNK = 1 << 19
"""Bytes to hand to the next thread at once: handing over costs both more than a small chunk's work."""
_CHUNKS = 6
_PIECES = 8


async def receive(
    chunks: AsyncIterable[bytes],
    write: Callable[[Iterable[bytes]], _T],
    *,
    diff_id: str,
    descriptor: Descriptor | None = None,
) -> _T:
    """What `write` makes of the layer's archive; it runs in a thread and has to take the archive to its end.

    `diff_id` is the digest that the archive must have, "" if nobody knows. `descriptor` is what the chunks
    must be, None where whoever gives them checks that (`oci.client.Client.blob` does).

    Raises DigestMismatch, LayerDamaged, and what `chunks` and `write` raise. Nothing runs on when it ends.
    """
    packed, archive = Belt(_CHUNKS), Belt(_PIECES)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(3, thread_name_prefix="layer") as threads:
        unpacking = loop.run_in_executor(threads, _unpack, packed, archive, diff_id, descriptor)
        writing = loop.run_in_executor(threads, _write, archive, write)
        try:
            await _feed(chunks, packed, threads)
            return await asyncio.shield(writing)
        finally:
            packed.end(Stopped())
            archive.stop()
            await asyncio.wait((unpacking, writing))
            writing.exception()  # seen, also where the download's own error is told


async def _feed(chunks: AsyncIterable[bytes], packed: Belt, threads: ThreadPoolExecutor) -> None:
    loop = asyncio.get_running_loop()
    try:
        async for chunk in _larger(chunks):
            if not packed.offer(chunk):
                await loop.run_in_executor(threads, packed.put, chunk)
    except Stopped:
        return  # why, is told at the other end
    packed.end()


async def _larger(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    gathered, size = list[bytes](), 0
    async for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= _CHUNK:
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)


def _unpack(packed: Belt, archive: Belt, diff_id: str, descriptor: Descriptor | None) -> None:
    hasher = hashlib.new((diff_id or "sha256:").partition(":")[0])
    try:
        for piece in plain(_checked(packed, descriptor)):
            hasher.update(piece)
            archive.put(piece)
        found = f"{hasher.name}:{hasher.hexdigest()}"
        if diff_id and found != diff_id:
            raise mismatch("the archive in a layer", diff_id, found)
        archive.end()
    except Exception as error:
        archive.end(error)
    finally:
        packed.stop()


def _checked(packed: Belt, descriptor: Descriptor | None) -> Iterator[bytes]:
    """The bytes behind the end of the compression count, too."""
    if descriptor is None:
        yield from packed
        return
    check = Check(descriptor.digest, descriptor.size, f"the layer {descriptor.digest}")
    for chunk in packed:
        check.feed(chunk)
        yield chunk
    check.finish()


def _write(archive: Belt, write: Callable[[Iterable[bytes]], _T]) -> _T:
    try:
        return write(archive)
    finally:
        archive.stop()
