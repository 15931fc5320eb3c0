"""Writes instructions of a Dockerfile so that any value arrives as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from moorage.errors import ConfigurationError

_LONGEST = 12_000
"""Characters of one line: builders read lines of at most 64 KiB, and a character may have four bytes."""
_VARIABLE = r"[^\s=\"'\\$#]+"


class BadVariable(ConfigurationError):
    """A variable that no image can hold."""

    code = "feature-bad-variable"


def environment(variables: Mapping[str, str], owner: str) -> str:
    """ENV for all of them, in which `${PATH}` stands for the value so far. Raises BadVariable."""
    groups: list[list[str]] = []
    for name, value in variables.items():
        _check(name, value, owner)
        if not groups or "$" in value:  # within one instruction, values so far are those before it
            groups.append([])
        groups[-1].append(f"{name}={_quoted(value, chr(34) + chr(92))}")
    return "".join(f"ENV {_broken(' '.join(group))}\n" for group in groups)


def labels(given: Mapping[str, str]) -> str:
    """One LABEL for all of them, taken literally."""
    pairs = [f"{literal(name)}={literal(value)}" for name, value in given.items()]
    return f"LABEL {_broken(' '.join(pairs))}\n" if pairs else ""


def literal(text: str) -> str:
    """One word that stands for itself."""
    return _quoted(text.replace("\r", " ").replace("\n", " "), '"\\$')


def _quoted(text: str, special: str) -> str:
    return '"' + "".join(f"\\{each}" if each in special else each for each in text) + '"'


def _broken(text: str) -> str:
    """Over several lines where it is long, never where a new line would mean something else."""
    return "\\\n".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _LONGEST:
        end = start + _LONGEST
        around = (*range(end, start, -1), *range(end, len(text)))
        end = next((place for place in around if _may_break(text, place)), len(text))
        yield text[start:end]
        start = end
    yield text[start:]


def _may_break(text: str, place: int) -> bool:
    """A backslash before would escape that of the line's end; blanks and `#` may begin no line."""
    return text[place - 1] != "\\" and not text[place].isspace() and text[place] != "#"


def _check(name: str, value: str, owner: str) -> None:
    if not re.fullmatch(_VARIABLE, name):
        raise BadVariable(
            f"containerEnv of the Feature {owner} has the name {name!r}, which no image can hold.",
            hint="Tell the Feature's author; names are made of letters, digits and _.",
        )
    if re.search(r"[\r\n\0]", value):
        raise BadVariable(
            f"containerEnv of the Feature {owner} has a line break in {name}, which no image can hold.",
            hint="Tell the Feature's author; a script in /etc/profile.d can set such a value.",
        )
