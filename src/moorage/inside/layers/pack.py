"""Makes a layer of what changed: the same changes are the same bytes, and memory does not grow with them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from moorage.inside.layers.change import Change, archived
from moorage.inside.layers.compression import MEDIA_TYPES, Packing, packer
from moorage.inside.layers.content import read_parts
from moorage.inside.layers.entry import Entry
from moorage.inside.layers.errors import ChangesUnreadable
from moorage.inside.layers.looking import look, parts
from moorage.inside.layers.root import Place, Root
from moorage.inside.layers.writing import END, header, padding, sparse_map
from moorage.oci.manifest import Descriptor

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BILLION = 1_000_000_000


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A layer that was written down. `size` are the archive's bytes, `descriptor` is of what they came to."""

    descriptor: Descriptor
    diff_id: str
    size: int


def pack(
    changes: Iterable[Change],
    root: Root,
    into: BinaryIO,
    *,
    packing: Packing = "zstd",
    time: int | None = None,
) -> Packed:
    """Write the layer to a file. Blocking. Times are whole seconds, and `time` where they are later than it.

    Raises ChangesUnreadable where the root changes meanwhile, and OSError where `into` takes no more.
    """
    inside, outside = hashlib.sha256(), hashlib.sha256()
    size = packed = 0
    stream = packer(packing)
    for piece in archive(changes, root, time=time):
        inside.update(piece)
        size += len(piece)
        packed += _put(stream.compress(piece), outside, into)
    packed += _put(stream.flush(), outside, into)
    descriptor = Descriptor(
        media_type=MEDIA_TYPES[packing], digest=f"sha256:{outside.hexdigest()}", size=packed
    )
    return Packed(descriptor=descriptor, diff_id=f"sha256:{inside.hexdigest()}", size=size)


def archive(changes: Iterable[Change], root: Root, *, time: int | None = None) -> Iterator[bytes]:
    """The layer's archive in pieces, its members in the order of the changes. Raises as `pack` does."""
    reader = _Reader(root, time)
    for change in changes:
        root.tidy()
        if change.kind != "written":
            yield header(Entry(path=archived(change), kind="file", mode=0o644))
            continue
        try:
            yield from reader.member(change.path)
        except OSError as error:
            raise ChangesUnreadable(
                f"/{change.path} cannot be read: {error.strerror}", hint="See what else writes there."
            ) from error
    yield END


class _Reader:
    def __init__(self, root: Root, time: int | None) -> None:
        self._root = root
        self._time = time
        self._names: dict[tuple[int, int], str] = {}
        """The first path of each file that has several."""

    def member(self, path: str) -> Iterator[bytes]:
        folder, _, name = path.rpartition("/")
        place = self._root.folder(folder, make=False)
        if place is None:
            raise _vanished(path)
        seen = os.stat(name or ".", dir_fd=place.fd, follow_symlinks=False)
        entry = look(place.fd, name or ".", path, seen)
        if entry is None:
            return
        entry = msgspec.structs.replace(entry, mtime=self._whole(entry.mtime))
        first = self._first_name(path, seen)
        if first:
            yield header(msgspec.structs.replace(entry, kind="hard link", target=first, size=0, xattrs={}))
        elif entry.kind == "file":
            yield from _file(place, name, entry)
        else:
            yield header(entry)

    def _whole(self, mtime: int) -> int:
        seconds = mtime // _BILLION
        return (seconds if self._time is None else min(seconds, self._time)) * _BILLION

    def _first_name(self, path: str, seen: os.stat_result) -> str:
        if seen.st_nlink < 2 or stat.S_ISDIR(seen.st_mode):
            return ""
        first = self._names.setdefault((seen.st_dev, seen.st_ino), path)
        return first if first != path else ""


def _file(place: Place, name: str, entry: Entry) -> Iterator[bytes]:
    fd = os.open(name, _FILE, dir_fd=place.fd)
    try:
        seen = os.fstat(fd)
        if not stat.S_ISREG(seen.st_mode) or seen.st_size != entry.size:
            raise _vanished(entry.path)
        holes = parts(fd, seen)
        yield header(msgspec.structs.replace(entry, parts=holes))
        if holes is not None:
            yield sparse_map(holes)
        stored = ((0, entry.size),) if holes is None else holes
        left = size = sum(length for _, length in stored)
        for piece in read_parts(fd, stored):
            left -= len(piece)
            yield piece
        if left:
            raise _vanished(entry.path)
        yield padding(size)
    finally:
        os.close(fd)


def _put(data: bytes, digest: hashlib._Hash, into: BinaryIO) -> int:
    digest.update(data)
    into.write(data)
    return len(data)


def _vanished(path: str) -> ChangesUnreadable:
    return ChangesUnreadable(
        f"/{path} changed while it was put into a layer",
        hint="See which process the build left running, and end it in the same RUN.",
    )
