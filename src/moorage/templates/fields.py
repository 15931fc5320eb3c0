"""Reads typed members of a mapping and notes what does not fit: one call a key, nothing is raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from moorage.devcontainer.jsonc import Path, path_text
from moorage.templates.faults import Faults

T = TypeVar("T")

_WORDS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    dict: "a mapping",
    list: "a list",
}


class Fields:
    """The members of the mapping at `path`. Each is asked for once; `rest` then says which nobody knows."""

    def __init__(self, value: Mapping[str, object], path: Path, faults: Faults) -> None:
        self.value = value
        self.path = path
        self.faults = faults
        self._asked: dict[str, None] = {}

    def has(self, name: str) -> bool:
        self._asked[name] = None
        return name in self.value

    def get(self, name: str, kind: type[T], default: T) -> T:
        """The value, or the default where it is absent, empty (null) or of another type."""
        found = self.value.get(name) if self.has(name) else None
        if found is None:
            return default
        if kind is float and isinstance(found, int) and not isinstance(found, bool):
            return cast("T", float(found))
        if isinstance(found, kind) and not (kind in (int, float) and isinstance(found, bool)):
            return found
        self.wrong(name, found, _WORDS[kind])
        return default

    def word(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of these words."""
        found = self.get(name, str, default)
        if found not in (*allowed, default):
            self.faults.at((*self.path, name), f"{self.named(name)} must be one of {', '.join(allowed)}")
            return default
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self.get(name, list, [])
        for index, each in enumerate(found):
            if not isinstance(each, str):
                self.wrong(name, each, "a text", index)
        return tuple(each for each in found if isinstance(each, str))

    def members(self, name: str) -> dict[str, dict[str, object]]:
        """A mapping of mappings; an empty one may be left out behind its name."""
        found = self.get(name, dict, {})
        for key, each in found.items():
            if each is not None and not isinstance(each, dict):
                self.wrong(name, each, "a mapping", key)
        return {key: each or {} for key, each in found.items() if each is None or isinstance(each, dict)}

    def named(self, name: str) -> str:
        return path_text((*self.path, name))

    def wrong(self, name: str, found: object, expected: str, *below: str | int) -> None:
        path = (*self.path, name, *below)
        self.faults.at(path, f"{path_text(path)} must be {expected}, not {_kind(found)}")

    def rest(self) -> None:
        """Note every key that was not asked for."""
        for name in self.value:
            if name not in self._asked:
                self.faults.unknown((*self.path, name), self._asked)


def _kind(value: object) -> str:
    return "nothing" if value is None else _WORDS.get(type(value), type(value).__name__)
