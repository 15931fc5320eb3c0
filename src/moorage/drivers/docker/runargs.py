"""`runArgs` of devcontainer.json: the arguments of `docker run`, read as its own client reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from .draft import Draft
from .flags import ALIASES, SHORT, TABLE, Flag
from .values import BadValue


class BadFlag(BadValue):
    """An argument is no flag of `docker run`, or its value is not what the flag takes."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One flag by its long name, and its value ("true" for a bare switch)."""

    name: str
    value: str


def lexed(arguments: tuple[str, ...]) -> tuple[Given, ...]:
    """The flags in their order. Raises BadFlag."""
    return tuple(_flags(list(arguments)))


def apply(arguments: tuple[str, ...], draft: Draft) -> None:
    """Carry all of them out on the draft. Raises BadFlag."""
    for given in lexed(arguments):
        try:
            TABLE[given.name].apply(draft, given.value)
        except BadValue as error:
            raise BadFlag(f"--{given.name}: {error}") from error


def _flags(rest: list[str]) -> Iterator[Given]:
    rest.reverse()
    while rest:
        word = rest.pop()
        if word.startswith("--") and len(word) > 2:
            yield _long(word[2:], rest)
        elif word.startswith("-") and len(word) > 1 and word != "--":
            yield from _short(word[1:], rest)
        elif word.strip():
            raise BadFlag(f"{word!r} is no flag; write each flag and each value as an item of its own")


def _long(text: str, rest: list[str]) -> Given:
    name, equals, value = text.partition("=")
    name = ALIASES.get(name, name)
    flag = TABLE.get(name)
    if flag is None:
        raise BadFlag(_unknown(name))
    if not equals:
        value = "true" if flag.bare else _next(name, rest)
    return Given(name=name, value=value)


def _short(letters: str, rest: list[str]) -> Iterator[Given]:
    """Several switches may stand together; the value of the last may follow at once or after `=`."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter not in SHORT:
            raise BadFlag(f"docker run has no flag -{letter}")
        name = SHORT[letter]
        flag: Flag = TABLE[name]
        if letters.startswith("="):
            yield Given(name=name, value=letters[1:])
            return
        if not flag.bare:
            yield Given(name=name, value=letters or _next(name, rest))
            return
        yield Given(name=name, value="true")


def _next(name: str, rest: list[str]) -> str:
    if not rest:
        raise BadFlag(f"--{name} needs a value")
    return rest.pop()


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # for a wrong flag only

    near = get_close_matches(name, [*TABLE, *ALIASES], n=1, cutoff=0.5)
    return f"docker run has no flag --{name}" + (f"; did you mean --{near[0]}?" if near else "")
