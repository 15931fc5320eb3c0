"""An archive that arrives becomes a folder of the cache, once its digest and everything in it is accepted."""

from __future__ import annotations

import asyncio
from pathlib import Path

from moorage.engine.ustar import BadArchive
from moorage.facts.archive.members import Limits
from moorage.facts.archive.unpack import unpack
from moorage.facts.features.cache import Cache
from moorage.facts.features.errors import FeatureUnusable

LARGEST = 512 << 20
"""Bytes of an archive as it is sent."""
SECONDS = 900.0
"""For the whole of a download; a server that stalls is given up long before."""

_LIMITS = Limits(members=20_000, file=512 << 20, total=1 << 30)


async def take_out(archive: Path, digest: str, cache: Cache) -> Path:
    """The folder of the archive, whose digest the caller has checked. Raises FeatureUnusable."""

    def fill(folder: Path) -> None:
        with archive.open("rb") as stream:
            unpack(stream, folder, limits=_LIMITS, wanted=_printable)

    try:
        return await asyncio.to_thread(cache.keep_files, digest, fill)
    except BadArchive as error:
        raise FeatureUnusable(
            f"its archive is not taken out: {error}",
            evidence=(f"archive {digest}",),
            hint="Ask its author for a release that is packed as the specification says.",
        ) from error


def too_large(size: int) -> FeatureUnusable:
    """The error for an archive that is not even fetched."""
    return FeatureUnusable(
        f"its archive has {size} bytes; the limit is {LARGEST}", hint="Ask its author for a smaller one."
    )


def _printable(name: str) -> bool:
    """Raises BadArchive where a name would do something to a terminal, or break a line of a list."""
    if not name.isprintable():
        raise BadArchive(f"{name!r} has characters that cannot be shown")
    return True
