"""The arguments of `docker run`, read as its own client reads them; what each means, a driver says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

SHORT: dict[str, str] = {
    "a": "attach",
    "c": "cpu-shares",
    "d": "detach",
    "e": "env",
    "h": "hostname",
    "i": "interactive",
    "l": "label",
    "m": "memory",
    "p": "publish",
    "P": "publish-all",
    "q": "quiet",
    "t": "tty",
    "u": "user",
    "v": "volume",
    "w": "workdir",
}

ALIASES: dict[str, str] = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option"}


class NoFlag(ValueError):
    """A word is no flag of `docker run`, or a flag has no value."""


def lexed(arguments: tuple[str, ...], bare: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """The flags by their long names in their order, "true" for a bare switch. Raises NoFlag.

    `bare` has every flag that there is, and whether it stands without a value.
    """
    rest = list(reversed(arguments))
    while rest:
        word = rest.pop()
        if word.startswith("--") and len(word) > 2:
            yield _long(word[2:], rest, bare)
        elif word.startswith("-") and len(word) > 1 and word != "--":
            yield from _short(word[1:], rest, bare)
        elif word.strip():
            raise NoFlag(f"{word!r} is no flag; write each flag and each value as an item of its own")


def _long(text: str, rest: list[str], bare: Mapping[str, bool]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name = ALIASES.get(name, name)
    if name not in bare:
        raise NoFlag(_unknown(name, bare))
    if equals:
        return name, value
    return name, "true" if bare[name] else _next(name, rest)


def _short(letters: str, rest: list[str], bare: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """Several switches may stand together; the value of the last may follow at once or after `=`."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter not in SHORT:
            raise NoFlag(f"docker run has no flag -{letter}")
        name = SHORT[letter]
        if letters.startswith("="):
            yield name, letters[1:]
            return
        if not bare[name]:
            yield name, letters or _next(name, rest)
            return
        yield name, "true"


def _next(name: str, rest: list[str]) -> str:
    if not rest:
        raise NoFlag(f"--{name} needs a value")
    return rest.pop()


def _unknown(name: str, bare: Mapping[str, bool]) -> str:
    from difflib import get_close_matches  # for a wrong flag only

    near = get_close_matches(name, [*bare, *ALIASES], n=1, cutoff=0.5)
    return f"docker run has no flag --{name}" + (f"; did you mean --{near[0]}?" if near else "")
