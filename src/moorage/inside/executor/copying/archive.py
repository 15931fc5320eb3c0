"""What ADD unpacks: tar, plain or packed with gzip, bzip2, xz or zstd, known by its bytes, not its name.

What surprises, and is so in BuildKit: what only looks like an archive is copied as a file, without a word; so
is an archive with nothing in it. --chown holds for what comes out, --chmod and --exclude do not. Whiteouts of
layers are files like others. A name with `..` is refused here, where BuildKit cuts it off.
"""

from __future__ import annotations

import bz2
import lzma
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

from moorage.inside.executor.copying.errors import ArchiveRefused
from moorage.inside.layers.compression import PIECE, plain
from moorage.inside.layers.entry import Limits
from moorage.inside.layers.errors import LayerDamaged, LayerNotWritten, LayerRefused, LayerTooLarge, damaged
from moorage.inside.layers.reading import Reader
from moorage.inside.layers.root import Place, Root
from moorage.inside.layers.unpack import unpack

_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\x00"
_READ = 1 << 18
_FIRST = 4 << 20
_MEMORY = 128 << 20
"""What an xz stream may ask for; its own highest level needs half of that."""


def is_archive(fd: int, name: str) -> bool:
    """Whether the bytes of an open file are an archive with something in it. Raises ArchiveRefused."""
    try:
        return next(iter(Reader(_first(_unpacked(fd)), Limits())), None) is not None
    except (LayerDamaged, EOFError):
        return False
    except (LayerRefused, LayerTooLarge) as error:
        raise _refused(name, error) from error


def unpack_into(
    fd: int, name: str, root: Root, place: Place, owner: tuple[int, int] | None, limits: Limits | None = None
) -> tuple[str, ...]:
    """Take an archive out into a folder of the root. Says what could not be as the archive has it.

    Raises ArchiveRefused: what was unpacked by then is there.
    """
    with root.below(place) as below:
        try:
            return unpack(_unpacked(fd), below, limits=limits, is_layer=False, owner=owner).left
        except (LayerDamaged, LayerRefused, LayerTooLarge, LayerNotWritten) as error:
            raise _refused(name, error) from error


def _unpacked(fd: int) -> Iterator[bytes]:
    pieces = _read(fd)
    start = next(pieces, b"")
    rest = chain((start,), pieces)
    if start.startswith(_BZIP2):
        return _streams(rest, bz2.BZ2Decompressor, OSError)
    if start.startswith(_XZ):
        return _streams(rest, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY), lzma.LZMAError)
    return plain(rest)


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Begin(Protocol):
    def __call__(self) -> _Stream: ...


def _streams(source: Iterable[bytes], begin: _Begin, wrong: type[Exception]) -> Iterator[bytes]:
    """One stream may follow another; zeros behind the last one are filling."""
    pieces = iter(source)
    data = next(pieces, b"")
    while data:
        stream = begin()
        while not stream.eof:
            if stream.needs_input and not data:
                data = next(pieces, b"")
                if not data:
                    raise damaged("Its compression is not complete")
            try:
                piece = stream.decompress(data, PIECE)
            except wrong as error:
                raise damaged(f"Its compression is broken: {error}") from error
            data = b""
            if piece:
                yield piece
        data = stream.unused_data.lstrip(b"\0")
        while not data and (more := next(pieces, b"")):
            data = more.lstrip(b"\0")


def _first(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Enough for any header: what is all zeros, or a hole, is not read to its end to find that out."""
    left = _FIRST
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _read(fd: int) -> Iterator[bytes]:
    at = 0
    while piece := os.pread(fd, _READ, at):
        at += len(piece)
        yield piece


def _refused(name: str, error: Exception) -> ArchiveRefused:
    return ArchiveRefused(
        f"{name} is not unpacked",
        evidence=(str(error),),
        hint="Have a look at what is in it, or copy it as a file with --unpack=false and unpack it in a RUN.",
    )
