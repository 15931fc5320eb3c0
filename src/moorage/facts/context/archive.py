"""Writes the context as a tar archive in one normal form: the same files give the same bytes everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from moorage.facts.context.tree import ContextChanged, ContextTree, ContextUnreadable, Entry

MTIME = 499_162_500
"""1985-10-26, for every file: zip archives, and so Python wheels, cannot hold a time before 1980."""
_CHUNK = 1 << 20
_BLOCK = 512
_NAME = 100
_OWNER = b"0000000\0" * 2
_END = b"\0" * (2 * _BLOCK)
_LARGEST = 0o77777777777


class Part(Struct, frozen=True, kw_only=True):
    """Files of one folder of this machine, and the folder of the archive that they go into ("": its root)."""

    root: str
    entries: Sequence[Entry]
    place: str = ""
    executable: bool = False
    """Every file is, whatever it is on this machine."""

    def path(self, entry: Entry) -> str:
        """Where an entry is in the archive."""
        return f"{self.place}/{entry.path}" if self.place else entry.path


def write_tar(tree: ContextTree, root: str, extra: Mapping[str, bytes] | None = None) -> Iterator[bytes]:
    """The archive in chunks of about a megabyte, ready for the builder's standard input.

    Owner 0:0, modes 0644 and 0755 by the executable bit, one time for all. `extra` adds or replaces files (a
    Dockerfile that is not part of the context). Blocking.
    Raises ContextChanged where a file is no longer what `tree` says, ContextUnreadable.
    """
    yield from write_parts([Part(root=root, entries=tree.entries)], extra)


def write_parts(parts: Sequence[Part], extra: Mapping[str, bytes] | None = None) -> Iterator[bytes]:
    """The same of several folders in one archive."""
    buffer = bytearray()
    for piece in _pieces(parts, extra or {}):
        buffer += piece
        if len(buffer) >= _CHUNK:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer + _END)


def _pieces(parts: Sequence[Part], extra: Mapping[str, bytes]) -> Iterator[bytes]:
    folders: set[str] = set()
    for path, content in sorted(extra.items()):
        yield from _above(path, folders)
        yield _header(path, b"0", 0o644, len(content)) + content + _padding(len(content))
    for part in parts:
        for entry in part.entries:
            if part.path(entry) not in extra:
                yield from _entry(part, entry, folders)


def _entry(part: Part, entry: Entry, folders: set[str]) -> Iterator[bytes]:
    path = part.path(entry)
    yield from _above(path, folders)
    if entry.kind == "file":
        yield from _file(path, part, entry)
    elif entry.kind == "link":
        yield _header(path, b"2", 0o777, 0, _target(entry, part.root))
    elif path not in folders:
        folders.add(path)
        yield _folder(path)


def _above(path: str, folders: set[str]) -> Iterator[bytes]:
    """Headers of the folders on the way that were not written yet."""
    parent = path.rpartition("/")[0]
    if not parent or parent in folders:
        return
    yield from _above(parent, folders)
    folders.add(parent)
    yield _folder(parent)


def _folder(path: str) -> bytes:
    return _header(f"{path}/", b"5", 0o755, 0)


def _file(path: str, part: Part, entry: Entry) -> Iterator[bytes]:
    try:
        handle = os.open(f"{part.root}/{entry.path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _failure(error, entry) from error
    try:
        _same(entry, handle)
        executable = part.executable or entry.executable
        yield _header(path, b"0", 0o755 if executable else 0o644, entry.size)
        left = entry.size
        while left:
            block = os.read(handle, min(left, _CHUNK))
            if not block:
                raise ContextChanged(entry.path)
            left -= len(block)
            yield block
        _same(entry, handle)
        yield _padding(entry.size)
    finally:
        os.close(handle)


def _same(entry: Entry, handle: int) -> None:
    """The digest, and so the image key, was made from exactly this state of the file."""
    now = os.fstat(handle)
    if (now.st_size, now.st_mtime_ns, now.st_ino) != (entry.size, entry.modified, entry.inode):
        raise ContextChanged(entry.path)


def _target(entry: Entry, root: str) -> bytes:
    try:
        return os.fsencode(os.readlink(f"{root}/{entry.path}"))  # noqa: PTH115
    except OSError as error:
        raise _failure(error, entry) from error


def _failure(error: OSError, entry: Entry) -> ContextChanged | ContextUnreadable:
    if isinstance(error, PermissionError):
        return ContextUnreadable(
            f"{entry.path} cannot be read: {error.strerror}",
            evidence=(str(error),),
            hint="Make it readable, or name it in .dockerignore.",
        )
    return ContextChanged(entry.path)


def _header(path: str, kind: bytes, mode: int, size: int, link: bytes = b"") -> bytes:
    name = os.fsencode(path)
    records = b""
    if len(name) > _NAME:
        records += _record(b"path", name)
    if len(link) > _NAME:
        records += _record(b"linkpath", link)
    if size > _LARGEST:
        records += _record(b"size", b"%d" % size)
    short = _ustar(name[:_NAME], kind, mode, 0 if size > _LARGEST else size, link[:_NAME])
    if not records:
        return short
    return _ustar(b"pax", b"x", 0o644, len(records), b"") + records + _padding(len(records)) + short


def _ustar(name: bytes, kind: bytes, mode: int, size: int, link: bytes) -> bytes:
    """A POSIX.1-1988 header: octal numbers, the checksum counted with blanks in its own place."""
    front = b"%b%07o\0%b%011o\0%011o\0" % (name.ljust(_NAME, b"\0"), mode, _OWNER, size, MTIME)
    back = b"%b%b" % (kind, link.ljust(_NAME, b"\0")) + _USTAR
    checksum = sum(front) + sum(back) + 8 * 0x20
    return b"%b%06o\0 %b" % (front, checksum, back)


_USTAR = b"ustar\x0000".ljust(_BLOCK - 257, b"\0")


def _record(key: bytes, value: bytes) -> bytes:
    """`length key=value\\n`, where the length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) > len(str(rest)):
        length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % _BLOCK)
