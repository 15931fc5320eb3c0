"""A layer from its download to where it is used: the cache's folder for an overlay, or the root itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Collection

from moorage.inside.layers.cache import Kept, LayerCache
from moorage.inside.layers.entry import Limits
from moorage.inside.layers.journal import Journal
from moorage.inside.layers.receive import receive
from moorage.inside.layers.root import Root
from moorage.inside.layers.unpack import Unpacked, unpack
from moorage.oci.manifest import Descriptor


async def into_cache(
    chunks: AsyncIterable[bytes],
    cache: LayerCache,
    diff_id: str,
    *,
    descriptor: Descriptor | None = None,
    limits: Limits | None = None,
) -> Kept:
    """The layer in the cache, where it shows once it is whole and its digests are right.

    Raises DigestMismatch, LayerDamaged, LayerRefused, LayerTooLarge, LayerNotWritten, and what `chunks`
    raises.
    """
    with cache.beside() as files, Root(str(files)) as root:
        unpacked = await receive(
            chunks,
            lambda pieces: unpack(pieces, root, opaque=cache.opaque, limits=limits),
            diff_id=diff_id,
            descriptor=descriptor,
        )
        return await asyncio.to_thread(cache.keep, files, diff_id, unpacked)


async def into_root(
    chunks: AsyncIterable[bytes],
    folder: str,
    journal: Journal,
    diff_id: str,
    *,
    guarded: Collection[str] = (),
    descriptor: Descriptor | None = None,
    limits: Limits | None = None,
) -> Unpacked:
    """The layer on top of what is in the folder. When this raises, the journal knows that the root is half.

    `guarded` as in `Root`. Raises RootHalf, and what `into_cache` raises.
    """
    journal.begin(diff_id)
    with Root(folder, guarded) as root:
        unpacked = await receive(
            chunks,
            lambda pieces: unpack(pieces, root, limits=limits),
            diff_id=diff_id,
            descriptor=descriptor,
        )
    journal.end()
    return unpacked


def clear(folder: str, journal: Journal, guarded: Collection[str] = ()) -> None:
    """Empty a root of all but what is guarded, for another image or after half of one. Blocking."""
    journal.forget()
    with Root(folder, guarded) as root:
        place = root.folder("", make=False)
        if place is not None:
            root.clear(place)
    journal.cleared()
