"""--chmod: an octal number, or the symbolic form of chmod(1) as BuildKit reads it (no mask, no umask).

What surprises: `=` takes setuid and setgid away but never the sticky bit, `t` is everybody's whoever it is
given to, and `u=g` copies the three plain bits and leaves the others alone.
"""

from __future__ import annotations

import re
import stat

import msgspec

from moorage.inside.executor.copying.errors import CopyWrong

_SHIFT = {"u": 6, "g": 3, "o": 0}
_SPECIAL = {"u": stat.S_ISUID, "g": stat.S_ISGID, "o": 0}
_ACTION = r"[-+=](?:[rwxXst]*|[ugo])"
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
        who = "ugo" if not match[1] or "a" in match[1] else "".join(dict.fromkeys(match[1]))
        actions += [_Action(who, each[0], each[1:]) for each in re.findall(_ACTION, match[2])]
    return Mode(actions=tuple(actions))


def _applied(action: _Action, mode: int, *, runs: bool) -> int:
    copied = action.what in _SHIFT
    bits = mode >> _SHIFT[action.what] & 7 if copied else _plain(action.what, runs=runs)
    given = cleared = 0
    for who in action.who:
        given |= bits << _SHIFT[who] | (_SPECIAL[who] if "s" in action.what else 0)
        cleared |= 7 << _SHIFT[who] | (0 if copied else _SPECIAL[who])
    if "t" in action.what:
        given |= stat.S_ISVTX
    if action.operator == "+":
        return mode | given
    if action.operator == "-":
        return mode & ~given
    return mode & ~cleared | given


def _plain(what: str, *, runs: bool) -> int:
    return ("r" in what) * 4 | ("w" in what) * 2 | ("x" in what or ("X" in what and runs))


def _wrong(text: str) -> CopyWrong:
    return CopyWrong(
        f"--chmod={text} is no mode", hint="Write an octal number up to 7777, or letters as in u=rwX,go=rX."
    )
