"""Headers of an archive: POSIX ustar, with pax records for what it has no room for.

The same entry is the same bytes everywhere: no names of owners, no time but the file's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from moorage.inside.layers.entry import Entry, Kind

BLOCK = 512
END = bytes(2 * BLOCK)

_LETTERS: dict[Kind, bytes] = {
    "file": b"0",
    "hard link": b"1",
    "link": b"2",
    "char": b"3",
    "block": b"4",
    "folder": b"5",
    "fifo": b"6",
}
_MOST_ID = 0o7777777
_MOST_SIZE = 0o77777777777
_BILLION = 1_000_000_000


def header(entry: Entry) -> bytes:
    """What stands before the bytes of a member. A sparse file's is followed by `sparse_map` and its parts."""
    path = _encoded(entry.path) + (b"/" if entry.kind == "folder" else b"")
    target = _encoded(entry.target)
    records: dict[bytes, bytes] = {}
    size = entry.size if entry.kind == "file" else 0
    if entry.parts is not None:
        records |= {
            b"GNU.sparse.major": b"1",
            b"GNU.sparse.minor": b"0",
            b"GNU.sparse.name": path,
            b"GNU.sparse.realsize": b"%d" % entry.size,
        }
        size = len(sparse_map(entry.parts)) + sum(length for _, length in entry.parts)
        path = (
            b"GNUSparseFile.0/" + path.rpartition(b"/")[2]
        )  # so that old programs do not take it for the file
    prefix, name = _split(path)
    if not name:
        records[b"path"], name = path, path[:100]
    if len(target) > 100 or not target.isascii():
        records[b"linkpath"] = target
    if not path.isascii():
        records[b"path"] = path
    for key, value, most in (
        (b"uid", entry.uid, _MOST_ID),
        (b"gid", entry.gid, _MOST_ID),
        (b"size", size, _MOST_SIZE),
    ):
        if value > most:
            records[key] = b"%d" % value
    if entry.mtime % _BILLION or not 0 <= entry.mtime // _BILLION <= _MOST_SIZE:
        records[b"mtime"] = _seconds(entry.mtime)
    records |= {b"SCHILY.xattr." + _encoded(key): value for key, value in entry.xattrs.items()}
    own = _block(entry, prefix, name, target[:100], _LETTERS[entry.kind], size)
    return _extended(records) + own if records else own


def padding(size: int) -> bytes:
    """What stands behind so many bytes of a member."""
    return bytes(-size % BLOCK)


def sparse_map(parts: Iterable[tuple[int, int]]) -> bytes:
    """Where the parts are, in GNU's form 1.0: it is read by whoever reads pax, and by no other as a file."""
    numbers = [number for part in parts for number in part]
    text = b"".join(b"%d\n" % number for number in (len(numbers) // 2, *numbers))
    return text + padding(len(text))


def _extended(records: dict[bytes, bytes]) -> bytes:
    data = b"".join(_record(key, value) for key, value in sorted(records.items()))
    entry = Entry(path="", kind="file", mode=0o644)
    return _block(entry, b"", b"PaxHeaders/0", b"", b"x", len(data)) + data + padding(len(data))


def _record(key: bytes, value: bytes) -> bytes:
    """The length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)


def _block(entry: Entry, prefix: bytes, name: bytes, target: bytes, letter: bytes, size: int) -> bytes:
    seconds = entry.mtime // _BILLION
    block = bytearray(BLOCK)
    block[: len(name)] = name
    block[100:108] = b"%07o\0" % entry.mode
    block[108:116] = b"%07o\0" % (entry.uid if entry.uid <= _MOST_ID else 0)
    block[116:124] = b"%07o\0" % (entry.gid if entry.gid <= _MOST_ID else 0)
    block[124:136] = b"%011o\0" % (size if size <= _MOST_SIZE else 0)
    block[136:148] = b"%011o\0" % (seconds if 0 <= seconds <= _MOST_SIZE else 0)
    block[148:156] = b" " * 8
    block[156:157] = letter
    block[157 : 157 + len(target)] = target
    block[257:265] = b"ustar\x0000"
    block[329:337] = b"%07o\0" % os.major(entry.device)
    block[337:345] = b"%07o\0" % os.minor(entry.device)
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _split(path: bytes) -> tuple[bytes, bytes]:
    """The path in the header's two fields; no name where it has no room in them."""
    if len(path) <= 100:
        return b"", path
    at = path.find(b"/", len(path) - 101)
    if 0 < at <= 155 and at + 1 < len(path):
        return path[:at], path[at + 1 :]
    return b"", b""


def _seconds(nanoseconds: int) -> bytes:
    whole, fine = divmod(abs(nanoseconds), _BILLION)
    sign = b"-" if nanoseconds < 0 else b""
    return b"%b%d.%09d" % (sign, whole, fine) if fine else b"%b%d" % (sign, whole)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
