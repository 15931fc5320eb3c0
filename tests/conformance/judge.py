"""Whether a value is what a case expects. A plain value means equality; words of a mapping mean more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

ABSENT = object()


def differences(value: object, expected: Any, place: str = "value") -> list[str]:
    """What is not as expected, in words; empty where all is."""
    if not _of_words(expected):
        return [] if value == expected else [f"{place} is {_shown(value)}, expected {_shown(expected)}"]
    return [line for word, wanted in expected.items() for line in _by_word(word[1:], value, wanted, place)]


def at(value: object, path: str) -> object:
    """The value at a path of keys and indices with slashes between (`~` is a slash in a key), or ABSENT."""
    for step in (word.replace("~", "/") for word in path.split("/")) if path else []:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.lstrip("-").isdigit() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return ABSENT
    return value


def all_at(value: object, expected: Mapping[str, Any], place: str) -> list[str]:
    """The differences of each path's value."""
    return [
        line
        for path, wanted in expected.items()
        for line in differences(at(value, path), wanted, f"{place} {path}")
    ]


def _of_words(expected: object) -> bool:
    """`{$contains: x}`: all keys begin with a dollar sign."""
    return isinstance(expected, dict) and bool(expected) and all(str(key)[:1] == "$" for key in expected)


def _by_word(word: str, value: object, wanted: Any, place: str) -> list[str]:
    if word == "absent":
        return [] if (value is ABSENT) is bool(wanted) else [f"{place} is {_shown(value)}"]
    if word == "empty":
        return (
            [] if (value in (None, "", [], {}, ABSENT)) is bool(wanted) else [f"{place} is {_shown(value)}"]
        )
    if word == "json":
        return all_at(json.loads(str(value)), wanted, place)
    if word == "count":
        return _told(
            isinstance(value, list | dict | str) and len(value) == wanted, place, value, word, wanted
        )
    if word in ("all", "none"):
        each = [
            differences(value, {f"${'contains' if word == 'all' else 'lacks'}": one}, place) for one in wanted
        ]
        return [line for lines in each for line in lines]
    return _told(_holds(word, value, wanted), place, value, word, wanted)


def _holds(word: str, value: object, wanted: Any) -> bool:
    if word == "contains":
        return isinstance(value, str | list | dict) and wanted in value
    if word == "lacks":
        return value is ABSENT or (isinstance(value, str | list | dict) and wanted not in value)
    if word == "matches":
        return isinstance(value, str) and re.search(wanted, value) is not None
    if word == "unordered":
        return isinstance(value, list) and sorted(map(_key, value)) == sorted(map(_key, wanted))
    if word == "not":
        return bool(value != wanted)
    if word == "order":
        return isinstance(value, str | list) and _in_order(value, wanted)
    raise ValueError(f"no such expectation: ${word}")


def _in_order(value: str | list[object], wanted: list[Any]) -> bool:
    """Whether each of `wanted` stands in `value`, one behind the other."""
    places = [
        value.find(one) if isinstance(value, str) else value.index(one) for one in wanted if one in value
    ]
    return len(places) == len(wanted) and places == sorted(places)


def _told(holds: bool, place: str, value: object, word: str, wanted: object) -> list[str]:
    return [] if holds else [f"{place}: {_shown(value)} fails ${word} {_shown(wanted)}"]


def _key(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: object) -> str:
    return "absent" if value is ABSENT else repr(value)[:1500]
