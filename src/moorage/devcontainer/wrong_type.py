"""Tells in plain words what is wrong with a value, and where it stands in the file.

Loaded only when a configuration does not fit its types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

import msgspec

from moorage.devcontainer.jsonc import Document, Path, excerpt, path_text
from moorage.devcontainer.legacy import MOVED
from moorage.devcontainer.properties import OnAutoForward, ShutdownAction, UserEnvProbe, WaitFor
from moorage.errors import ConfigurationError


class WrongType(ConfigurationError):
    """A property has a value of a type, or out of a range, that it cannot have."""

    code = "wrong-type"


_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_HOOK = "a string, a list of strings, or an object of such commands"
_SIZE = 'a size such as "8gb" (digits, then kb, mb, gb or tb)'
_EXPECTED: dict[str, str] = {
    "forwardPorts[]": 'a port number from 0 to 65535, or "host:port"',
    "appPort": 'a port number, a string such as "8080:80", or a list of these',
    "mounts[]": 'a string such as "type=volume,source=x,target=/x", or an object with type and target',
    "hostRequirements.memory": _SIZE,
    "hostRequirements.storage": _SIZE,
    "hostRequirements.gpu.memory": _SIZE,
    "hostRequirements.gpu": 'true, false, "optional", or an object with cores and memory',
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "waitFor": get_args(WaitFor),
    "userEnvProbe": get_args(UserEnvProbe),
    "shutdownAction": get_args(ShutdownAction),
    "onAutoForward": get_args(OnAutoForward),
    "protocol": ("http", "https"),
    "type": ("bind", "volume", "tmpfs"),
}
_MISMATCH = re.compile(r"Expected `(?P<wanted>[^`]+)`(?P<bound> [<>]=? \S+)?(?:, got `(?P<got>[^`]+)`)?$")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`$")
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<index>[0-9]+)\]|\[\.\.\.\]")


def wrong_type(
    document: Document,
    value: Mapping[str, object],
    wanted: type[msgspec.Struct],
    error: msgspec.ValidationError,
) -> WrongType:
    """The error for a person: file:line:column, the property's path, what is expected and what is there."""
    path, what = locate(value, wanted, error)
    place = _place_in_file(document, path)
    line, column = document.position(place)
    return WrongType(
        f"{document.file}:{line}:{column}: {path_text(place)} {expectation(path, what, _at(value, path))}",
        evidence=excerpt(document.text, line, column),
        hint="Correct the value; https://containers.dev/implementors/json_reference/ lists every property.",
    )


def locate(value: object, wanted: object, error: msgspec.ValidationError) -> tuple[Path, str]:
    """Path and message of the first wrong value.

    msgspec writes `[...]` for "some key of this mapping"; which one is found by trying them one at a time.
    """
    what, steps = _taken_apart(error)
    path: Path = ()
    while len(path) < len(steps):
        step = steps[len(path)]
        path = (*path, step if step is not None else _guilty_key(value, wanted, path))
        if step is None:
            what, steps = _taken_apart(_error_of(_only(value, path), wanted) or error)
    return path, what


def expectation(path: Path, what: str, found: object) -> str:
    """The rest of a sentence that begins with the property's path."""
    if missing := _MISSING.match(what):
        return f'needs "{missing["name"]}"'
    if known := _known_expectation(path):
        return f"must be {known}, not {shown(found)}"
    if mismatch := _MISMATCH.match(what):
        names = (name.strip() for name in mismatch["wanted"].split("|"))
        wanted = " or ".join(_WORDS.get(name, name) for name in names if name != "null")
        return f"must be {wanted}{mismatch['bound'] or ''}, not {shown(found)}"
    return f"is wrong: {what}"


def shown(value: object) -> str:
    """A value as an error shows it: short ones as JSON, others by kind."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."


def _known_expectation(path: Path) -> str | None:
    """Kinder words than the types' own, for the properties that have them."""
    leaf = str(path[-1]) if path else ""
    if leaf in _CHOICES and path[0] != "options":  # a Feature's options have names of their own
        return "one of " + ", ".join(_CHOICES[leaf])
    if path and str(path[0]).endswith("Command") and len(path) == 1:
        return _HOOK
    return _EXPECTED.get(_pattern(path))


def _taken_apart(error: msgspec.ValidationError) -> tuple[str, list[str | int | None]]:
    match = _PLACE.match(str(error))
    if match is None or not match["path"]:
        return str(match["what"] if match else error), []
    steps = [int(step["index"]) if step["index"] else step["key"] for step in _STEP.finditer(match["path"])]
    return match["what"], steps


def _guilty_key(value: object, wanted: object, path: Path) -> str:
    members = _at(value, path)
    assert isinstance(members, dict)
    return next(str(key) for key in members if _error_of(_only(value, (*path, key)), wanted) is not None)


def _only(value: object, path: Path) -> object:
    """The value with the mapping at the end of `path` reduced to the one key of its last step."""
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_only(item, rest) if index == step else item for index, item in enumerate(value)]
    assert isinstance(value, dict)
    if not rest:
        return {step: value[step]}
    return {key: _only(item, rest) if key == step else item for key, item in value.items()}


def _error_of(value: object, wanted: object) -> msgspec.ValidationError | None:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        return error
    return None


def _at(value: object, path: Path) -> object:
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


def _place_in_file(document: Document, path: Path) -> Path:
    """Where the value stands in the file, which may still use the legacy name."""
    if path in document.offsets:
        return path
    dotted = path_text(path)
    return next(((old,) for old, new in MOVED.items() if new == dotted and (old,) in document.offsets), path)


def _pattern(path: Path) -> str:
    return path_text(path[:1]) + "".join("[]" if isinstance(step, int) else f".{step}" for step in path[1:])
