"""Versions of Features among the tags of a registry: semantic versions, and what a shorter tag stands for."""

# No `from __future__ import annotations`, as in properties.

import re
from collections.abc import Iterable
from sys import maxsize
from typing import TypeAlias

_FULL = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)
_PARTIAL = re.compile(r"[0-9]+(?:\.[0-9]+(?:\.[0-9]+)?)?")

Precedence: TypeAlias = tuple[tuple[int, int, int], bool, tuple[tuple[int, str], ...]]


def is_version(text: str) -> bool:
    """Whether the text is x, x.y or x.y.z."""
    return _PARTIAL.fullmatch(text) is not None


def newest_first(tags: Iterable[str]) -> list[str]:
    """The complete versions among the tags. Those before a release count only where there is no release."""
    full = [tag for tag in tags if _FULL.fullmatch(tag)]
    released = [tag for tag in full if "-" not in tag.partition("+")[0]]
    return sorted(released or full, key=precedence, reverse=True)


def newest_of(tag: str, versions: Iterable[str]) -> str | None:
    """The newest of the versions that a tag stands for: `1.2` for every 1.2.z, `latest` for all."""
    ordered = newest_first(versions)
    if tag == "latest":
        return ordered[0] if ordered else None
    if not is_version(tag):
        return tag if _FULL.fullmatch(tag) else None
    wanted = tag.split(".")
    return next(
        (each for each in ordered if each.partition("+")[0].split(".")[: len(wanted)] == wanted), None
    )


def major(version: str | None) -> str | None:
    """`1` of `1.2.3`."""
    match = _FULL.fullmatch(version or "")
    return match[1] if match else None


def precedence(version: str) -> Precedence:
    """The key to sort complete versions by (semver.org, section 11). Raises ValueError for other texts."""
    match = _FULL.fullmatch(version)
    if match is None:
        raise ValueError(version)
    before = match[4] or ""
    return (
        (int(match[1]), int(match[2]), int(match[3])),
        not before,
        tuple(_part(each) for each in before.split(".")),
    )


def _part(text: str) -> tuple[int, str]:
    """Numbers by value and before words."""
    return (int(text), "") if text.isdigit() else (maxsize, text)
