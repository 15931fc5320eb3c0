"""Reads a tar archive, compressed or not, member by member, and stops where it asks for too much.

Only files, folders and links are known here. The standard library's reader takes headers of any size into
memory, and has had archives that it never came to the end of.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal

import msgspec

from moorage.engine.ustar import BadArchive, Header, header, records

Kind = Literal["file", "folder", "link", "hard link"]

_BLOCK = 512
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_LONGEST_HEADER = 1 << 20
_KINDS: dict[str, Kind] = {"0": "file", "7": "file", "5": "folder", "2": "link", "1": "hard link"}
_OTHERS = {"3": "a device", "4": "a device", "6": "a pipe", "S": "a file with holes"}


class TooMuch(BadArchive):
    """The archive holds more than is taken out of one."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one archive may hold: members (and folders made for them), bytes of a file, bytes of everything
    after decompression, names in a path.
    """

    members: int = 20_000
    file: int = 512 << 20
    total: int = 1 << 30
    depth: int = 48


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in an archive. Its bytes must be read before the next member is asked for."""

    name: str
    kind: Kind | None
    """None for what nobody may take out: `other` says what it is."""
    size: int = 0
    executable: bool = False
    target: str = ""
    other: str = ""


def members(
    archive: BinaryIO, limits: Limits, *, joined: bool = False
) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """The members in their order, each with its bytes in chunks. Raises BadArchive, TooMuch.

    An archive that ends between members is whole: not every program writes the empty blocks of the end.
    `joined`: another archive may come behind them.
    """
    source = _Source(_plain(archive), limits.total)
    said: dict[str, str] = {}
    for number, block in enumerate(iter(source.block, b"")):
        if not any(block):
            if joined:
                continue
            return
        if number >= limits.members * 2:
            raise TooMuch(f"it has more than {limits.members} members")
        head = _header(block)
        if head.kind in "xgLK":
            said |= _extension(head, source)
            continue
        member = _member(head, said)
        if member.size > limits.file:
            raise TooMuch(f"{member.name!r} has more than {limits.file} bytes")
        said = {}
        data = source.data(member.size)
        yield member, data
        for _ in data:
            pass


class _Source:
    """Counts what comes out of the archive, so that a small one cannot become endless."""

    def __init__(self, read: Callable[[int], bytes], total: int) -> None:
        self._read = read
        self._left = total

    def block(self) -> bytes:
        """The next header, or nothing at the end."""
        block = self._take(_BLOCK)
        if block and len(block) < _BLOCK:
            raise BadArchive("it ends in the middle of a header")
        return block

    def data(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            chunk = self._take(min(left, _CHUNK))
            if not chunk:
                raise BadArchive("it ends in the middle of a file")
            left -= len(chunk)
            yield chunk
        self._take(-size % _BLOCK)

    def _take(self, size: int) -> bytes:
        found = self._read(size)
        self._left -= len(found)
        if self._left < 0:
            raise TooMuch("it holds too many bytes")
        return found


def _plain(archive: BinaryIO) -> Callable[[int], bytes]:
    """A reader of the tar inside: what is named .tgz is often not compressed at all, so its bytes decide."""
    start = archive.read(2)
    if start == _GZIP:
        return _Inflating(archive, start).read

    pending = bytearray(start)

    def read(size: int) -> bytes:
        while len(pending) < size and (more := archive.read(size - len(pending))):
            pending.extend(more)
        found = bytes(pending[:size])
        del pending[:size]
        return found

    return read


class _Inflating:
    """gzip with bounded steps: never more is decompressed than somebody asked for."""

    def __init__(self, archive: BinaryIO, start: bytes) -> None:
        self._archive = archive
        self._input = start
        self._stream = zlib.decompressobj(wbits=31)

    def read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size and (piece := self._piece(size - len(found))):
            found += piece
        return bytes(found)

    def _piece(self, most: int) -> bytes:
        while True:
            if self._stream.eof:
                self._input = self._stream.unused_data or self._archive.read(_CHUNK)
                if not self._input.startswith(_GZIP[:1]):
                    return b""
                self._stream = zlib.decompressobj(wbits=31)
            try:
                piece = self._stream.decompress(self._input, most)
            except zlib.error as error:
                raise BadArchive(f"its compression is broken: {error}") from error
            self._input = self._stream.unconsumed_tail
            if piece:
                return piece
            if not self._stream.eof and not self._input:
                self._input = self._archive.read(_CHUNK)
                if not self._input:
                    raise BadArchive("its compression ends too early")


def _header(block: bytes) -> Header:
    try:
        return header(block)
    except BadArchive as error:
        raise BadArchive(f"it is no tar archive, or damaged: {error}") from error


def _extension(head: Header, source: _Source) -> dict[str, str]:
    """What a header says of the member after it, in the pax (x, g) or the GNU (L, K) way."""
    if head.size > _LONGEST_HEADER:
        raise TooMuch(f"a header has {head.size} bytes")
    data = b"".join(source.data(head.size))
    if head.kind == "g":
        return {}  # of all members: a comment of git, or times; never a name
    if head.kind == "x":
        return records(data)
    text = data.rstrip(b"\0").decode(errors="surrogateescape")
    return {"path" if head.kind == "L" else "linkpath": text}


def _member(head: Header, said: dict[str, str]) -> Member:
    name, kind, size = said.get("path", head.name), head.kind, said.get("size", "")
    if size and not (size.isascii() and size.isdigit() and len(size) < 15):
        raise BadArchive(f"{size!r} is no size")
    if kind == "0" and name.endswith("/"):
        kind = "5"  # as programs before POSIX wrote folders
    known = _KINDS.get(kind)
    if any(key.startswith("GNU.sparse") for key in said):
        known, kind = None, "S"
    has_data = known == "file" or known is None
    return Member(
        name=name,
        kind=known,
        size=(int(size) if size else head.size) if has_data else 0,
        executable=head.mode & 0o100 != 0,
        target=said.get("linkpath", head.link),
        other=_OTHERS.get(kind, f"a member of kind {kind!r}") if known is None else "",
    )
