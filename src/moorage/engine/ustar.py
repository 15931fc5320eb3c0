"""Small tar archives in memory (POSIX ustar, with the pax and GNU ways to write long names).

The standard library's tarfile costs more to import than a whole look at a running workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

_BLOCK = 512
_DIGITS = 12


class BadArchive(Exception):
    """The bytes are no tar archive, or end too early."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file or folder to pack; `name` is relative, times are zero so that equal content is equal bytes."""

    name: str
    data: bytes = b""
    folder: bool = False
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """One block that stands before the bytes of a member; `kind` is one letter of the format, "0" a file."""

    name: str
    kind: str
    size: int
    mode: int
    link: str


def files(archive: bytes) -> dict[str, bytes]:
    """Regular files by their path below the archive's top folder. Raises BadArchive."""
    return {name.partition("/")[2]: data for name, kind, data in _members(archive) if kind in b"0\0"}


def pack(entries: Iterable[Entry]) -> bytes:
    """The archive of these entries, in their order."""
    parts = [part for entry in entries for part in _packed(entry)]
    return b"".join((*parts, bytes(2 * _BLOCK)))


def header(block: bytes) -> Header:
    """Read the 512 bytes before a member. Raises BadArchive where the checksum or a number is wrong."""
    _check(block)
    return Header(
        name=_name(block),
        kind=chr(block[156] or ord("0")),
        size=_number(block[124:136]),
        mode=_number(block[100:108]),
        link=_text(block[157:257]),
    )


def records(data: bytes) -> dict[str, str]:
    """What a pax header says: "length key=value\\n", where the length counts all of it. Raises BadArchive."""
    found: dict[str, str] = {}
    while data:
        length, blank, _ = data.partition(b" ")
        usable = blank and length.isdigit() and len(length) < _DIGITS
        if not usable or not len(length) < int(length) <= len(data):
            raise BadArchive("a pax record is broken")
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        found[key.decode(errors="replace")] = value.decode(errors="surrogateescape")
        data = data[int(length) :]
    return found


def _members(archive: bytes) -> Iterator[tuple[str, int, bytes]]:
    place, long_name = 0, ""
    while place + _BLOCK <= len(archive):
        head = archive[place : place + _BLOCK]
        if not any(head):
            return
        _check(head)
        size = _number(head[124:136])
        place += _BLOCK
        data = archive[place : place + size]
        if len(data) < size:
            raise BadArchive("the archive ends in the middle of a file")
        place += -(-size // _BLOCK) * _BLOCK
        kind = head[156]
        if kind == ord("x"):
            long_name = records(data).get("path", long_name)
        elif kind == ord("L"):
            long_name = data.rstrip(b"\0").decode(errors="surrogateescape")
        elif kind != ord("g"):
            yield long_name or _name(head), kind, data
            long_name = ""
    raise BadArchive("the archive has no end")


def _check(head: bytes) -> None:
    """The checksum counts its own field as blanks."""
    if sum(head[:148]) + 8 * 0x20 + sum(head[156:]) != _number(head[148:156]):
        raise BadArchive("a checksum is wrong")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    if digits.translate(None, b"01234567"):  # int() would also take a sign and underscores
        raise BadArchive(f"{digits!r} is no number")
    return int(digits or b"0", 8)


def _name(head: bytes) -> str:
    name, prefix = _text(head[:100]), _text(head[345:500])
    return f"{prefix}/{name}" if prefix and head[257:262] == b"ustar" else name


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode(errors="surrogateescape")


def _packed(entry: Entry) -> Iterator[bytes]:
    name = entry.name.rstrip("/") + ("/" if entry.folder else "")
    encoded = name.encode(errors="surrogateescape")
    if len(encoded) > 100:
        yield from _block(b"././@LongLink", b"L", encoded + b"\0", 0o644, 0, 0)
    kind = b"5" if entry.folder else b"0"
    yield from _block(encoded[:100], kind, entry.data, entry.mode, entry.uid, entry.gid)


def _block(name: bytes, kind: bytes, data: bytes, mode: int, uid: int, gid: int) -> Iterator[bytes]:
    head = bytearray(_BLOCK)
    head[: len(name)] = name
    head[100:136] = b"%07o\0%07o\0%07o\0%011o\0" % (mode, uid, gid, len(data))
    head[136:148], head[148:156], head[156:157] = b"00000000000\0", b" " * 8, kind
    head[257:265] = b"ustar\x0000"
    head[148:156] = b"%06o\0 " % sum(head)
    yield bytes(head)
    yield data + bytes(-len(data) % _BLOCK)
