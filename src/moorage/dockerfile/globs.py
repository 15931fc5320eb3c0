"""Translates the path patterns of builders (Go's filepath.Match, with moby's `**`) to regular expressions."""

from __future__ import annotations

import re

_ONE = r"(?:\\.|[^\\\]\-])"
_CLASS = rf"\[(?:\^|(?!\^))(?:{_ONE}(?:-{_ONE})?)+\]"
_TOKEN = re.compile(
    rf"(?P<deep>\*\*/?)|(?P<star>\*)|(?P<one>\?)|\\(?P<escaped>.)|(?P<set>{_CLASS})|(?P<char>.)", re.S
)


class BadPattern(ValueError):
    """A pattern that Go's filepath.Match refuses: an open bracket or a backslash at the end."""


def translate(pattern: str) -> str:
    """A regular expression for whole paths, as moby's patternmatcher reads the pattern of a .dockerignore.

    `*`, `?` stay within one component; `**` crosses them and is also none. Raises BadPattern.
    """
    if pattern.startswith("**") and not set("*?[\\").intersection(pattern[2:]) and pattern[2:3] != "/":
        return ".*" + re.escape(pattern[2:])
    return "".join(_translated(match, pattern) for match in _TOKEN.finditer(pattern))


def component(pattern: str) -> re.Pattern[str]:
    """A regular expression for one component of a path; a broken pattern stands for itself."""
    try:
        return re.compile(translate(pattern), re.S)
    except BadPattern:
        return re.compile(re.escape(pattern))


def literal(pattern: str) -> str | None:
    """The one path that a pattern without wildcards means, None where it has some."""
    if not set("*?[\\").intersection(pattern):
        return pattern
    kinds = {match.lastgroup for match in _TOKEN.finditer(pattern)}
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.S) if kinds <= {"escaped", "char"} else None


def escaped(path: str) -> str:
    """A pattern that matches exactly this path."""
    return re.sub(r"([*?\[\\])", r"\\\1", path)


def _translated(match: re.Match[str], pattern: str) -> str:
    text = match[0]
    match match.lastgroup:
        case "deep":
            return ".*" if match.end() == len(pattern) else "(?:.*/)?"
        case "star":
            return "[^/]*"
        case "one":
            return "[^/]"
        case "escaped":
            return re.escape(match["escaped"])
        case "set":
            return _set(text)
    if text in ("[", "\\"):
        raise BadPattern(pattern)
    return re.escape(text)


def _set(text: str) -> str:
    negated = "^" if text.startswith("[^") else ""
    ranges = re.findall(rf"({_ONE})(?:-({_ONE}))?", text[1 + len(negated) : -1], re.S)
    found = "".join(_range(low[-1], high[-1:]) for low, high in ranges)
    if not found:
        return r"[\s\S]" if negated else "(?!)"
    return f"[{negated}{found}]"


def _range(low: str, high: str) -> str:
    if not high:
        return re.escape(low)
    # An empty range matches nothing in Go and is an error here.
    return f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
