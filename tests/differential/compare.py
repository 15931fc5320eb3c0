"""Differences of two results, and the rows that allow some of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import yaml

from tests.differential.case import HERE

ABSENT = "(absent)"


class Difference(msgspec.Struct, frozen=True):
    """At `path` (`merged.mounts[0].target`) the tools say something else."""

    path: str
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.path}: the reference has {self.theirs!r}, moorage {self.ours!r}"


class Allowed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason for differences: in `cases`, at `paths` (`*` is anything), by a row of the table.

    `row` is the text of the first column in docs/compatibility.md.
    """

    id: str
    cases: tuple[str, ...]
    paths: tuple[str, ...]
    reason: str
    row: str

    def covers(self, case: str, difference: Difference) -> bool:
        return case in self.cases and any(_pattern(each).fullmatch(difference.path) for each in self.paths)


@functools.cache
def allowed() -> tuple[Allowed, ...]:
    """The rows of allowed.yaml."""
    return msgspec.convert(yaml.safe_load((HERE / "allowed.yaml").read_text()) or [], tuple[Allowed, ...])


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[Difference]:
    """Every value that is not the same, as far down as both have one shape."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({*theirs, *ours}):
            below = f"{path}.{key}" if path else key
            yield from differences(theirs.get(key, ABSENT), ours.get(key, ABSENT), below)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif theirs != ours or isinstance(theirs, bool) is not isinstance(ours, bool):
        yield Difference(path, theirs, ours)


def judged(case: str, found: Sequence[Difference]) -> list[str]:
    """What is wrong: differences that no row allows, and rows that allow what is not there."""
    rows = [row for row in allowed() if case in row.cases]
    unexplained = [str(each) for each in found if not any(row.covers(case, each) for row in rows)]
    idle = [
        f"{row.id} is allowed in {case}, and no longer there: remove it from allowed.yaml"
        for row in rows
        if not any(row.covers(case, each) for each in found)
    ]
    return [*unexplained, *idle]


@functools.cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in path.split("*")))
