"""`runArgs` of devcontainer.json, read as the client of `docker run` reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from . import values
from .draft import Draft
from .flags import ALIASES, SHORT, TABLE, Flag
from .values import BadValue


def apply(arguments: tuple[str, ...], draft: Draft) -> None:
    """Carry all of them out on the draft; what cannot be done is refused or warned about there.

    Raises BadValue for what `docker run` would not take either.
    """
    for name, value in lexed(arguments):
        flag = TABLE[name]
        try:
            _apply(flag, name, value, draft)
        except BadValue as error:
            raise BadValue(f"runArgs: --{name}: {error}") from error


def lexed(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The flags by their long names in their order, "true" for a bare switch. Raises BadValue."""
    rest = list(reversed(arguments))
    while rest:
        word = rest.pop()
        if word.startswith("--") and len(word) > 2:
            yield _long(word[2:], rest)
        elif word.startswith("-") and len(word) > 1 and word != "--":
            yield from _short(word[1:], rest)
        elif word.strip():
            raise BadValue(
                f"runArgs: {word!r} is no flag; write each flag and each value as an item of its own"
            )


def _apply(flag: Flag, name: str, value: str, draft: Draft) -> None:
    if flag.bare and not values.switch(value):
        return
    shown = f"--{name}" if flag.bare else f"--{name} {value}"
    if flag.apply is not None:
        flag.apply(draft, value)
    elif flag.effect == "refused":
        draft.refuse(f"runArgs: {shown}: {flag.how}")
    elif flag.effect == "warned":
        draft.warn(f"runArgs: {shown} is left out: {flag.how}")


def _long(text: str, rest: list[str]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name = ALIASES.get(name, name)
    if name not in TABLE:
        raise BadValue(f"runArgs: {_unknown(name)}")
    if equals:
        return name, value
    return name, "true" if TABLE[name].bare else _next(name, rest)


def _short(letters: str, rest: list[str]) -> Iterator[tuple[str, str]]:
    """Several switches may stand together; the value of the last may follow at once or after `=`."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter not in SHORT:
            raise BadValue(f"runArgs: docker run has no flag -{letter}")
        name = SHORT[letter]
        if letters.startswith("="):
            yield name, letters[1:]
            return
        if not TABLE[name].bare:
            yield name, letters or _next(name, rest)
            return
        yield name, "true"


def _next(name: str, rest: list[str]) -> str:
    if not rest:
        raise BadValue(f"runArgs: --{name} needs a value")
    return rest.pop()


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # for a wrong flag only

    near = get_close_matches(name, [*TABLE, *ALIASES], n=1, cutoff=0.5)
    return f"docker run has no flag --{name}" + (f"; did you mean --{near[0]}?" if near else "")
