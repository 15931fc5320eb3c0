"""What an ELF file says of itself, and paths compiled into it. Pure, on bytes.

System V ABI, chapters 4 and 5; 64 bits, little-endian: the two architectures that there are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

MAGIC = b"\x7fELF"
_DYNAMIC, _INTERPRETER, _LOAD = 2, 3, 1
_NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH = 1, 5, 14, 15, 29


class Elf(msgspec.Struct, frozen=True, kw_only=True):
    """`machine` is e_machine; `interpreter` is "" for what no kernel starts."""

    machine: int
    interpreter: str = ""
    name: str = ""
    needed: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class NotElf(ValueError):
    """The bytes are no ELF file of 64 bits that can be read to its end."""


class _Segment(msgspec.Struct, frozen=True):
    kind: int
    offset: int
    address: int
    size: int


def is_elf(content: bytes) -> bool:
    """By its first bytes."""
    return content.startswith(MAGIC)


def read(content: bytes) -> Elf:
    """Machine, interpreter, own name, what is needed, and where it is looked for. Raises NotElf."""
    if content[:6] != MAGIC + b"\x02\x01":
        raise NotElf("not ELF of 64 bits, little-endian")
    try:
        return _read(content)
    except (struct.error, UnicodeDecodeError, StopIteration, IndexError, ValueError, OverflowError) as error:
        raise NotElf(f"broken: {error}") from error


def rewrite(content: bytes, old: str, new: str) -> bytes:
    """The content with every `old` replaced in place. Raises ValueError where there is none, or no room.

    A folder (with a slash at its end) is filled up with slashes and may stand anywhere, as may what keeps its
    length. All else has to be a whole constant between zero bytes, and is filled up with those.
    """
    before, after = old.encode(), new.encode()
    if len(after) > len(before):
        raise ValueError(f"{new} is longer than {old}")
    if old.endswith("/"):
        after = after.ljust(len(before), b"/")
    if len(after) < len(before):
        before, after = b"\0" + before + b"\0", b"\0" + after.ljust(len(before), b"\0") + b"\0"
    if before not in content:
        raise ValueError(f"{old} is not in it")
    return content.replace(before, after)


def _read(content: bytes) -> Elf:
    machine = _unpack(content, "<H", 18)
    segments = list(_segments(content))
    interpreter = next((_text(content, one.offset) for one in segments if one.kind == _INTERPRETER), "")
    entries = list(_entries(content, segments))
    table = next((value for tag, value in entries if tag == _STRTAB), 0)
    start = _offset(segments, table) if entries else 0

    def texts(*tags: int) -> tuple[str, ...]:
        return tuple(_text(content, start + value) for tag, value in entries if tag in tags)

    paths = tuple(part for value in texts(_RPATH, _RUNPATH) for part in value.split(":"))
    return Elf(
        machine=machine,
        interpreter=interpreter,
        name="".join(texts(_SONAME)),
        needed=texts(_NEEDED),
        paths=paths,
    )


def _segments(content: bytes) -> Iterator[_Segment]:
    start = _unpack(content, "<Q", 32)
    size, count = _unpack(content, "<H", 54), _unpack(content, "<H", 56)
    for number in range(count):
        kind, _, offset, address, _, filled = struct.unpack_from("<IIQQQQ", content, start + number * size)
        yield _Segment(kind, offset, address, filled)


def _entries(content: bytes, segments: list[_Segment]) -> Iterator[tuple[int, int]]:
    """The dynamic section up to its end mark; nothing for a static program."""
    for segment in segments:
        if segment.kind != _DYNAMIC:
            continue
        for place in range(segment.offset, segment.offset + segment.size, 16):
            tag, value = struct.unpack_from("<qQ", content, place)
            if tag == 0:
                return
            yield tag, value


def _offset(segments: list[_Segment], address: int) -> int:
    for one in segments:
        if one.kind == _LOAD and one.address <= address < one.address + one.size:
            return one.offset + address - one.address
    raise ValueError(f"address {address:#x} is in no segment")


def _text(content: bytes, start: int) -> str:
    return content[start : content.index(b"\0", start)].decode()


def _unpack(content: bytes, form: str, place: int) -> int:
    (value,) = struct.unpack_from(form, content, place)
    return int(value)
