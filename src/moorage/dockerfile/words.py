"""Cuts arguments into words and pairs, as BuildKit's line parser does before anything is expanded."""

from __future__ import annotations

import re
from functools import cache

import msgspec

_STRING = r'"(?:[^"\\]|\\.)*"'
_JSON_ARRAY = re.compile(rf"\s*\[\s*(?:{_STRING}\s*(?:,\s*{_STRING}\s*)*)?\]\s*", re.DOTALL)


def split(text: str, escape: str = "\\") -> list[str]:
    """Words between white space outside quotes, with quotes and escapes kept as written."""
    return _words(escape).findall(text)


def balanced(text: str, escape: str = "\\") -> bool:
    """Whether every quote in the text is closed."""
    return _balanced(escape).fullmatch(text) is not None


def json_words(text: str) -> tuple[str, ...] | None:
    """The strings of a JSON array, None where the text is not exactly one."""
    match = _JSON_ARRAY.fullmatch(text)
    if match is None:
        return None
    try:
        return tuple(msgspec.json.decode(match.group(), type=list[str]))
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def pairs(text: str, escape: str = "\\") -> list[tuple[str, str | None]]:
    """Names and values of ENV, LABEL and ARG, raw; None where a word has no `=`.

    The old form `ENV name value with spaces` is not known here, see `old_pair`.
    """
    return [_pair(word) for word in split(text, escape)]


def old_pair(text: str, escape: str = "\\") -> tuple[str, str] | None:
    """Name and value of the old form `ENV name value`, or None where the first word holds a `=`."""
    first = split(text, escape)[:1]
    if not first or "=" in first[0]:
        return None
    name, _, value = re.sub(r"[\t\v\f\r ]+", " ", text.strip(), count=1).partition(" ")
    return name, value


def options(value: str) -> dict[str, str | None]:
    """The comma-separated `key=value` fields of a mount, keys in small letters, in their order."""
    fields = re.findall(r'"(?:[^"]|"")*"|[^,]+', value)
    cut = (field.strip('"').partition("=") for field in fields)
    return {key.lower(): content if equals else None for key, equals, content in cut}


def _pair(word: str) -> tuple[str, str | None]:
    name, equals, value = word.partition("=")
    return name, value if equals else None


@cache
def _words(escape: str) -> re.Pattern[str]:
    e = re.escape(escape)
    return re.compile(rf"""(?:{e}.?|'[^']*(?:'|\Z)|"(?:{e}.|[^"{e}])*(?:"|{e}?\Z)|[^\s'"{e}])+""", re.DOTALL)


@cache
def _balanced(escape: str) -> re.Pattern[str]:
    e = re.escape(escape)
    return re.compile(rf"""(?:{e}.?|'[^']*'|"(?:{e}.|[^"{e}])*"|[^'"{e}])*""", re.DOTALL)
