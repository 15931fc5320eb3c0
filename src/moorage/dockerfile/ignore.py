"""Decides which files of a context a .dockerignore keeps from the builder, as moby's patternmatcher does."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from itertools import groupby

from moorage.dockerfile.errors import BrokenIgnoreFile
from moorage.dockerfile.globs import BadPattern, translate


class Ignore:
    """Compiled patterns; the last one that matches a path or a folder above it decides.

    Neighbours of the same kind are one regular expression, so a path costs few matches however long the file.
    """

    def __init__(self, patterns: Iterable[str] = (), file: str = ".dockerignore") -> None:
        """`patterns` are lines as `read` gives them, `!` first for an exception. Raises BrokenIgnoreFile."""
        self.patterns = tuple(patterns)
        parsed = [_compiled(pattern, file) for pattern in self.patterns]
        groups = [
            (exception, _any([regex for _, regex in group]))
            for exception, group in groupby(parsed, key=lambda rule: rule[0])
        ]
        self._rules = [(exception, regex.fullmatch) for exception, regex in reversed(groups)]
        kept = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        self._above_kept = re.compile("|".join(_holders(pattern) for pattern in kept), re.S) if kept else None

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def ignores(self, path: str) -> bool:
        """Whether the builder does not get this path (relative, with slashes)."""
        for exception, matches in self._rules:
            if matches(path):
                return not exception
        return False

    def prunes(self, folder: str) -> bool:
        """Whether an ignored folder need not be looked into, because no exception can bring anything back."""
        return self._above_kept is None or self._above_kept.fullmatch(folder) is None


def read(text: str, file: str = ".dockerignore") -> Ignore:
    """The rules of a .dockerignore. Raises BrokenIgnoreFile."""
    lines = text.removeprefix("\ufeff").split("\n")
    return Ignore(filter(None, (_line(line) for line in lines)), file)


def _line(line: str) -> str:
    pattern = "" if line.startswith("#") else line.strip()
    exception = pattern.startswith("!")
    bare = pattern[1:].strip() if exception else pattern
    # Cleaned twice, as moby does: once to be relative to the context, once with the `!` in front.
    return _clean("!" * exception + _clean(bare).removeprefix("/"))


def _clean(pattern: str) -> str:
    if not pattern:
        return ""
    clean = posixpath.normpath(pattern).strip()
    return clean.removeprefix("/") if clean.startswith("//") else clean


def _compiled(pattern: str, file: str) -> tuple[bool, str]:
    exception = pattern.startswith("!")
    try:
        bare = pattern[1:] if exception else pattern
        if not bare:
            raise BadPattern(pattern)
        return exception, translate(bare)
    except BadPattern:
        raise BrokenIgnoreFile(
            f"{file} has a broken pattern: {pattern}",
            evidence=(f"{file}: {pattern}",),
            hint="Close the bracket, or write a backslash before a character that means itself.",
        ) from None


def _any(regexes: list[str]) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(regexes)})(?:/.*)?", re.S)


def _holders(pattern: str) -> str:
    """As `_above`; where a bracket holds a slash, the pattern is no row of components: any folder may do."""
    try:
        return _above(pattern)
    except BadPattern:
        return ".*"


def _above(pattern: str) -> str:
    """Matches the folders that can hold what the exception matches."""
    regex = ""
    for part in reversed(pattern.split("/")[:-1]):
        regex = f"{translate(part)}(?:/{regex})?" if regex else translate(part)
    deep = pattern.find("**")
    if deep < 0:
        return regex or "(?!)"
    start = pattern[:deep].rpartition("/")[0]
    return f"{_above(start + '/x')}|{translate(start)}(?:/.*)?" if start else ".*"
