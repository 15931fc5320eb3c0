"""Reads a layer's archive member by member, from pieces of any size, with what POSIX and GNU write.

POSIX.1-2017 pax (ustar and extended headers), GNU's long names, sparse files in the old form and in pax
forms 0.1 and 1.0 (GNU tar manual, "Storing Sparse Files"), extended attributes as `SCHILY.xattr.*`.
The standard library's reader costs three times as much for each file and keeps all of them in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from struct import Struct

from moorage.engine.ustar import BadArchive, records
from moorage.inside.layers.entry import Entry, Kind, Limits, clean
from moorage.inside.layers.errors import damaged, refused, too_large
from moorage.inside.layers.numbers import decimal, moment, number, seconds
from moorage.inside.layers.sparse import Parts, listed, map_in_data, map_in_header

_BLOCK = 512
_EMPTY = bytes(_BLOCK)
_HEADER = Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")
_XATTR = "SCHILY.xattr."
_KINDS: dict[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"S": "file",
    b"1": "hard link",
    b"2": "link",
    b"3": "char",
    b"4": "block",
    b"5": "folder",
    b"6": "fifo",
}
_MOST_ID = (1 << 32) - 2
_MOST_TIME = 1 << 62

_small = lru_cache(1024)(number)  # modes and owners repeat


class Reader:
    """Iterating gives each member; its bytes come from `data`, and what is not taken is skipped."""

    def __init__(self, pieces: Iterable[bytes], limits: Limits) -> None:
        self._source = _Source(iter(pieces), limits.total)
        self._limits = limits
        self._left = 0
        """Bytes of the current member that were not taken, without its padding."""
        self._padding = 0
        self.count = 0

    def __iter__(self) -> Iterator[Entry]:
        """To the end of the stream, so that whoever checks a digest has seen all of it.

        Raises LayerDamaged, LayerRefused, LayerTooLarge.
        """
        said: dict[str, str] = {}
        while block := self._source.block():
            if block == _EMPTY:
                break
            fields = _fields(block)
            kind = fields[7]
            if kind in b"xgLK":
                said |= self._extension(kind, number(fields[4]))
                continue
            self.count += 1
            if self.count > self._limits.members:
                raise too_large(f"The layer has more than {self._limits.members} members")
            yield self._member(block, fields, said)
            said = {}
            for _ in self.data():
                pass
        self._source.drain()

    def data(self) -> Iterator[memoryview]:
        """What is left of the current member's bytes; of a sparse file, its parts one after the other."""
        if self._left or self._padding:
            for piece in self._source.data(self._left):
                self._left -= len(piece)
                yield piece
            self._source.take(self._padding)
            self._padding = 0

    def _extension(self, kind: bytes, size: int) -> dict[str, str]:
        """What a header says of the member after it, in the pax (x, g) or the GNU (L, K) way."""
        if size > self._limits.header:
            raise too_large(f"A header of the layer has {size} bytes")
        data = self._source.take(size)
        self._source.take(-size % _BLOCK)
        if kind == b"g":
            return {}  # of all members: a comment, or times; no builder means a name by it
        if kind == b"x":
            try:
                return records(data)
            except BadArchive as error:
                raise damaged(f"A header of the layer cannot be read: {error}") from error
        text = data.rstrip(b"\0").decode(errors="surrogateescape")
        return {"path" if kind == b"L" else "linkpath": text}

    def _member(self, block: bytes, fields: tuple[bytes, ...], said: dict[str, str]) -> Entry:
        name, mode, uid, gid, size, mtime, _, letter, link, magic, _, _, major, minor, prefix = fields
        kind = _KINDS.get(letter)
        if kind is None:
            raise refused(f"{_text(name)!r} in the layer is of a kind {letter!r} that no image has")
        path = said.get("path") if said else None
        if path is None:
            path = _text(name)
            if prefix[0] and magic[:6] == b"ustar\0":
                path = f"{_text(prefix)}/{path}"
        if kind == "file" and path.endswith("/"):
            kind = "folder"  # as programs before POSIX wrote them
        stored = number(size)
        owner, group, time = _small(uid), _small(gid), moment(mtime) * 1_000_000_000
        xattrs: dict[str, bytes] = {}
        target = ""
        parts: Parts | None = None
        if said:
            stored = decimal(said["size"]) if "size" in said else stored
            owner = decimal(said["uid"]) if "uid" in said else owner
            group = decimal(said["gid"]) if "gid" in said else group
            time = seconds(said["mtime"]) if "mtime" in said else time
            xattrs = _xattrs(said)
            path = said.get("GNU.sparse.name", path)
        if kind != "file":
            stored = 0
            if kind in ("link", "hard link"):
                target = said.get("linkpath") or _text(link)
        self._left, self._padding = stored, -stored % _BLOCK
        real = stored
        if kind == "file" and (letter == b"S" or "GNU.sparse.map" in said or "GNU.sparse.major" in said):
            real, parts = self._sparse(block, letter, said)
        elif any(key.startswith("GNU.sparse.") for key in said):
            raise refused(f"{path!r} is a sparse file in a form (0.0) that no builder writes")
        if real > self._limits.file:
            raise too_large(f"{path!r} in the layer reads as {real} bytes")
        if owner > _MOST_ID or group > _MOST_ID or abs(time) > _MOST_TIME:
            raise damaged(f"{path!r} in the layer has an owner or a time that cannot be")
        return Entry(
            path=clean(path),
            kind=kind,
            mode=_small(mode) & 0o7777,
            uid=owner,
            gid=group,
            size=real,
            mtime=time,
            target=target,
            device=_device(major, minor) if kind in ("char", "block") else 0,
            xattrs=xattrs,
            parts=parts,
        )

    def _sparse(self, block: bytes, letter: bytes, said: dict[str, str]) -> tuple[int, Parts]:
        """Size and parts; what of the map is in the member's bytes is taken."""
        take = self._source.take
        if letter == b"S":
            real, parts = map_in_header(block, take, self._limits.header)
        elif "GNU.sparse.major" in said:
            if (said["GNU.sparse.major"], said.get("GNU.sparse.minor")) != ("1", "0"):
                raise refused("The layer has a sparse file in a form that is not known")
            real = decimal(said.get("GNU.sparse.realsize", ""))
            parts, taken = map_in_data(take, min(self._limits.header, self._left + self._padding))
            self._left -= taken
            if self._left < 0:
                raise damaged("The layer has a sparse file that is shorter than its map")
        else:
            real = decimal(said.get("GNU.sparse.size", ""))
            parts = listed(said["GNU.sparse.map"].split(",") if said["GNU.sparse.map"] else [])
        end = 0
        for offset, length in parts:
            if offset < end or offset + length > real:
                raise damaged("The layer has a sparse file whose parts overlap or lie beyond its end")
            end = offset + length
        if sum(length for _, length in parts) != self._left:
            raise damaged("The layer has a sparse file that is not as long as its map says")
        return real, parts


class _Source:
    """The archive's bytes, counted, so that a small layer cannot become endless."""

    def __init__(self, pieces: Iterator[bytes], total: int) -> None:
        self._pieces = pieces
        self._total = total
        self._left = total
        self._piece = b""
        self._at = 0

    def block(self) -> bytes:
        """The next header; nothing at the end of the stream."""
        end = self._at + _BLOCK
        block = self._piece[self._at : end]
        if len(block) == _BLOCK:
            self._at = end
            return block
        if not block and not self._next():
            return b""
        return self.take(_BLOCK)

    def take(self, size: int) -> bytes:
        """Exactly so many bytes."""
        end = self._at + size
        if end <= len(self._piece):
            found = self._piece[self._at : end]
            self._at = end
            return found
        return b"".join(self.data(size))

    def data(self, size: int) -> Iterator[memoryview]:
        """Exactly so many bytes, as they come."""
        while size:
            end = min(self._at + size, len(self._piece))
            if end == self._at:
                if not self._next():
                    raise damaged("The layer ends in the middle of a member")
                continue
            view = memoryview(self._piece)[self._at : end]
            self._at = end
            size -= len(view)
            yield view

    def drain(self) -> None:
        """What is behind the archive's end counts for the digest, and for nothing else."""
        while self._next():
            pass

    def _next(self) -> bool:
        self._piece, self._at = next(self._pieces, b""), 0
        self._left -= len(self._piece)
        if self._left < 0:
            raise too_large(f"The layer holds more than {self._total} bytes")
        return bool(self._piece)


def _fields(block: bytes) -> tuple[bytes, ...]:
    """Checked by its sum, which counts its own field as blanks."""
    fields = _HEADER.unpack(block)
    summed = sum(block) - sum(fields[6]) + 256
    if summed != number(fields[6]):
        raise damaged("A header of the layer has a wrong checksum: it is damaged, or no archive")
    return fields


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _device(major: bytes, minor: bytes) -> int:
    high, low = _small(major), _small(minor)
    if high >= 1 << 12 or low >= 1 << 20:
        raise damaged("The layer has a device with a number that cannot be")
    return os.makedev(high, low)


def _xattrs(said: dict[str, str]) -> dict[str, bytes]:
    return {
        key.removeprefix(_XATTR): value.encode("utf-8", "surrogateescape")
        for key, value in said.items()
        if key.startswith(_XATTR)
    }
