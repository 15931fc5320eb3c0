"""Debian's index: which packages there are, and which of them a choice needs. Pure, on verified text.

Debian policy 5 (control fields), 7 (relations); deb-version(7) for which version is newer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from moorage.runtime.errors import RuntimeIncomplete

_RELATION = re.compile(r"\s*([a-z0-9][a-z0-9+.-]*)")
_DIGITS = re.compile(r"(\d+)")


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One stanza of an index. `depends` holds the first of each group of alternatives."""

    name: str
    version: str
    section: str
    depends: tuple[str, ...]
    provides: tuple[str, ...]
    path: str
    sha256: str
    size: int
    archive: str


def checksums(release: str) -> dict[str, str]:
    """Path → SHA-256, from the text of a Release file."""
    _, _, listed = release.partition("\nSHA256:\n")
    found = {}
    for line in listed.splitlines():
        if not line.startswith(" "):
            break
        checksum, _, path = line.split()
        found[path] = checksum
    return found


def field(text: str, name: str) -> str:
    """The value of a field of one line, or ""."""
    match = re.search(rf"^{name}: (.*)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


def packages(text: str, archive: str) -> Iterator[Package]:
    """The stanzas of a Packages file."""
    for stanza in text.split("\n\n"):
        if not stanza.strip():
            continue
        yield Package(
            name=field(stanza, "Package"),
            version=field(stanza, "Version"),
            section=field(stanza, "Section").rpartition("/")[2],
            depends=_names(f"{field(stanza, 'Pre-Depends')},{field(stanza, 'Depends')}"),
            provides=_names(field(stanza, "Provides")),
            path=field(stanza, "Filename"),
            sha256=field(stanza, "SHA256"),
            size=int(field(stanza, "Size")),
            archive=archive,
        )


def newest(found: Iterable[Package]) -> dict[str, Package]:
    """Name → its newest version."""
    chosen: dict[str, Package] = {}
    for package in found:
        before = chosen.get(package.name)
        if before is None or compare(package.version, before.version) > 0:
            chosen[package.name] = package
    return chosen


def needed(
    index: Mapping[str, Package], names: Iterable[str], sections: frozenset[str]
) -> tuple[Package, ...]:
    """`names` and, of what they depend on, whatever is in one of `sections`. Raises RuntimeIncomplete."""
    provided = {name: package for package in index.values() for name in package.provides}
    waiting, found = list(names), dict[str, Package]()
    absent = [name for name in waiting if name not in index]
    if absent:
        raise RuntimeIncomplete(f"Debian has no package {', '.join(absent)} in these suites.")
    while waiting:
        name = waiting.pop()
        package = index.get(name) or provided.get(name)
        if package is None or package.name in found:
            continue
        if package.name not in names and package.section not in sections:
            continue
        found[package.name] = package
        waiting += package.depends
    return tuple(found[name] for name in sorted(found))


def compare(one: str, other: str) -> int:
    """Below, at or above 0, as `one` is older than, as old as, or newer than `other` (deb-version(7))."""
    for part, against in zip(_version(one), _version(other), strict=True):
        if order := _compare_part(part, against):
            return order
    return 0


def _version(text: str) -> tuple[str, str, str]:
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    upstream, _, revision = rest.rpartition("-")
    return (epoch, upstream, revision) if upstream else (epoch, rest, "0")


def _compare_part(one: str, other: str) -> int:
    mine, theirs = _DIGITS.split(one), _DIGITS.split(other)
    for place in range(max(len(mine), len(theirs))):
        a = mine[place] if place < len(mine) else ""
        b = theirs[place] if place < len(theirs) else ""
        order = int(a or 0) - int(b or 0) if place % 2 else _compare_letters(a, b)
        if order:
            return order
    return 0


def _compare_letters(one: str, other: str) -> int:
    """Tilde before the end, the end before letters, letters before all else."""
    for place in range(max(len(one), len(other))):
        order = _weight(one[place : place + 1]) - _weight(other[place : place + 1])
        if order:
            return order
    return 0


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    if not letter:
        return 0
    return ord(letter) if letter.isalpha() else ord(letter) + 256


def _names(relations: str) -> tuple[str, ...]:
    found = (_RELATION.match(group) for group in relations.split(","))
    return tuple(dict.fromkeys(match[1] for match in found if match))
