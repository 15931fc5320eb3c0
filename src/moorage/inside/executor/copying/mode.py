"""--chmod: an octal number, or the symbolic form of chmod(1) as BuildKit reads it (no mask, no umask).

As BSD's setmode(3). What surprises: `=` takes setuid and setgid away but the sticky bit only where it says
`t`, which is everybody's whoever it is given to, but for `o` alone; `u=g` copies the three plain bits and
leaves the others as they are; in `+xt` nothing but `t` counts.
"""

from __future__ import annotations

import re
import stat

import msgspec

from moorage.inside.executor.copying.errors import CopyWrong

_SHIFT = {"u": 6, "g": 3, "o": 0}
_ALL = 0o777 | stat.S_ISUID | stat.S_ISGID
_WHO = {"u": 0o700 | stat.S_ISUID, "g": 0o070 | stat.S_ISGID, "o": 0o007, "a": _ALL}
_ACTION = r"[-+=](?:[ugo]|[rwxXst]*)"
_CLAUSE = re.compile(rf"([ugoa]*)((?:{_ACTION})+)")
_MADE = 0o755


class _Action(msgspec.Struct, frozen=True):
    who: str
    operator: str
    what: str


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """`made` is the mode of folders that are only made for what comes into them."""

    octal: int | None = None
    actions: tuple[_Action, ...] = ()
    made: int = _MADE

    def of(self, old: int, *, is_folder: bool) -> int:
        """The mode that replaces `old`."""
        if self.octal is not None:
            return self.octal
        mode = old
        for action in self.actions:
            mode = _applied(action, mode, runs=is_folder or bool(old & 0o111))
        return mode


def read(text: str) -> Mode:
    """The mode that a --chmod means; "" leaves everything as it is. Raises CopyWrong."""
    if re.fullmatch("[0-9]+", text):
        number = int(text, 8) if re.fullmatch("[0-7]+", text) else -1
        if not 0 <= number <= 0o7777:
            raise _wrong(text)
        return Mode(octal=number, made=number & 0o777)
    actions: list[_Action] = []
    for clause in text.split(",") if text else ():
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise _wrong(text)
        actions += [_Action(match[1], each[0], each[1:]) for each in re.findall(_ACTION, match[2])]
    return Mode(actions=tuple(actions))


def _applied(action: _Action, mode: int, *, runs: bool) -> int:
    who = 0
    for letter in action.who or "":
        who |= _WHO[letter]
    if action.what in _SHIFT:
        given = (mode >> _SHIFT[action.what] & 7) * 0o111 & (who or _ALL)
        cleared = (who or _ALL) & 0o777
    else:
        given = _given(action.what, runs=runs)
        if action.who == "o":
            given &= 0o777
        elif given & stat.S_ISVTX:
            who |= stat.S_ISVTX  # so that without a who, `t` is all that counts
        given &= who or _ALL | stat.S_ISVTX
        cleared = who or _ALL
    if action.operator == "+":
        return mode | given
    if action.operator == "-":
        return mode & ~given
    return mode & ~cleared | given


def _given(what: str, *, runs: bool) -> int:
    plain = ("r" in what) * 4 | ("w" in what) * 2 | ("x" in what or ("X" in what and runs))
    special = ("s" in what) * (stat.S_ISUID | stat.S_ISGID) | ("t" in what) * stat.S_ISVTX
    return plain * 0o111 | special


def _wrong(text: str) -> CopyWrong:
    return CopyWrong(
        f"--chmod={text} is no mode", hint="Write an octal number up to 7777, or letters as in u=rwX,go=rX."
    )
