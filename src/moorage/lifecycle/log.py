"""Reads the runner's log: what the commands printed, and between it the runner's own lines.

The runner begins its lines with the token of the run, which no command knows; so nothing that is printed can
pass for one. Reads a log as it grows, and the kept ones for `moorage logs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec

_LONGEST = 64 * 1024
_How: TypeAlias = Literal["ended", "overdue", "cancelled"]
_HOW: dict[str, _How] = {"overdue": "overdue", "cancelled": "cancelled"}


class Printed(msgspec.Struct, frozen=True):
    """One line of output; `number` is the command's when several ran side by side, else 0."""

    number: int
    text: str


class Begun(msgspec.Struct, frozen=True):
    number: int
    key: str


class Skipped(msgspec.Struct, frozen=True):
    """This command had ended with success before this run."""

    number: int
    key: str


class Ended(msgspec.Struct, frozen=True):
    """`how`: ended by itself, overdue (its time limit, code 124), or cancelled with a failed sibling."""

    number: int
    code: int
    how: _How


class Over(msgspec.Struct, frozen=True):
    """The run is complete, with success or not."""

    success: bool


Record: TypeAlias = Printed | Begun | Skipped | Ended | Over


class Reader:
    """Turns pieces of a log into records. Lines longer than 64 KiB come in parts."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._rest = b""
        self._blank = False

    def feed(self, data: bytes) -> Iterator[Record]:
        """The records that this piece completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield from self._line(line)
        while len(self._rest) > _LONGEST and self._token not in self._rest:
            part, self._rest = self._rest[:_LONGEST], self._rest[_LONGEST:]
            yield Printed(0, _text(part))

    def close(self) -> Iterator[Record]:
        """What is left when the log has ended in the middle of a line."""
        rest, self._rest = self._rest, b""
        if rest:
            yield from self._line(rest)

    def _line(self, line: bytes) -> Iterator[Record]:
        place = line.find(self._token)
        if place < 0:
            yield from self._flushed()
            self._blank = not line
            if line:
                yield Printed(0, _text(line))
            return
        own = line[place + len(self._token) :]
        if own.startswith(b":") or place:
            yield from self._flushed()
        self._blank = False  # the runner puts its lines after a newline of its own
        if place:
            yield Printed(0, _text(line[:place]))
        record = _own(own)
        if record is not None:
            yield record

    def _flushed(self) -> Iterator[Record]:
        if self._blank:
            yield Printed(0, "")
        self._blank = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the kept logs; a heading names the command, or says how it ended."""

    run: int
    key: str
    text: str
    heading: bool = False


def kept(files: Mapping[str, bytes]) -> Iterator[Line]:
    """All that is kept, oldest run first, from the files of the logs' folder (names end with "N.log")."""
    numbered = ((name.rsplit("/", 1)[-1].removesuffix(".log"), data) for name, data in files.items())
    for number, data in sorted((int(name), data) for name, data in numbered if name.isdecimal()):
        yield from _run(number, data)


def _run(run: int, data: bytes) -> Iterator[Line]:
    token = data.lstrip(b"\n").split(b" ", 1)[0].decode(errors="replace")
    if not token:
        return
    reader = Reader(token)
    keys: dict[int, str] = {}
    current = ""
    for record in (*reader.feed(data), *reader.close()):
        match record:
            case Begun(number, key):
                keys[number] = current = key
                yield Line(run=run, key=key, text=key, heading=True)
            case Printed(number, text):
                yield Line(run=run, key=keys.get(number, current), text=text)
            case Ended(number, code, how) if code:
                key = keys.get(number, "")
                yield Line(run=run, key=key, text=f"{key} {_ending(code, how)}", heading=True)
            case _:
                pass


def _ending(code: int, how: str) -> str:
    words = {"overdue": "was ended at its time limit", "cancelled": "was ended because a sibling failed"}
    return words.get(how, f"failed with exit code {code}")


def _own(text: bytes) -> Record | None:
    if text.startswith(b":"):
        number, _, printed = text[1:].partition(b" ")
        return Printed(_number(number), _text(printed))
    _, word, *rest = (*_text(text).split(" ", 3), "")[:4]
    first, second = (*rest, "", "")[:2]
    match word:
        case "begin":
            return Begun(_number(first), second)
        case "skip":
            return Skipped(_number(first), second)
        case "end":
            code, _, how = second.partition(" ")
            return Ended(_number(first), _number(code), _HOW.get(how, "ended"))
        case "over":
            return Over(first == "ok")
        case _:
            return None


def _number(text: str | bytes) -> int:
    return int(text) if text.isdigit() else 0


def _text(data: bytes) -> str:
    return data.decode(errors="replace").rstrip("\r")
