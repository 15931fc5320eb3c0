"""Variables in a configuration's values: `${localEnv:NAME:default}`, `${devcontainerId}` and their kin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import basename
from typing import TypeVar

import msgspec

from moorage.devcontainer.jsonc import Path
from moorage.errors import ConfigurationError

T = TypeVar("T")

_VARIABLE = re.compile(r"\$\{(.*?)\}")
_WITH_NAME = ("localEnv", "env", "containerEnv")
_ID_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_ID_LENGTH = 52  # a SHA-256 in base 32

KNOWN = (
    "localEnv",
    "env",
    "containerEnv",
    "localWorkspaceFolder",
    "localWorkspaceFolderBasename",
    "containerWorkspaceFolder",
    "containerWorkspaceFolderBasename",
    "devcontainerId",
)


class VariableWithoutName(ConfigurationError):
    """`${localEnv}` or `${containerEnv}` does not say which variable."""

    code = "variable-without-name"


class Variables(msgspec.Struct, frozen=True, kw_only=True):
    """What is known so far. None means not yet: such variables stay as they are for a later pass."""

    local_env: Mapping[str, str]
    local_workspace_folder: str | None = None
    container_workspace_folder: str | None = None
    devcontainer_id: str | None = None
    container_env: Mapping[str, str] | None = None


class UnknownVariable(msgspec.Struct, frozen=True):
    """A `${name}` that the specification does not know, and the path of the value that it stands in."""

    name: str
    path: Path


def substitute(value: T, variables: Variables) -> T:
    """The value with its variables replaced in every string below it; keys stay, nothing is read twice.

    Unset variables become their default or nothing; everything after the second colon is the default; a
    variable that is set but empty stays empty. Raises VariableWithoutName.
    """
    return _substituted(value, variables)  # type: ignore[return-value]  # same shape, strings for strings


def unknown(value: object) -> tuple[UnknownVariable, ...]:
    """Every `${name}` that no pass will replace, in the order of the document."""
    return tuple(
        UnknownVariable(match[1], path)
        for path, text in _strings(value, ())
        for match in _VARIABLE.finditer(text)
        if match[1].split(":", 1)[0] not in KNOWN
    )


def devcontainer_id(labels: Mapping[str, str]) -> str:
    """The `${devcontainerId}` of a container with these identity labels: 52 digits of 0-9a-v.

    SHA-256 of the labels as compact JSON with sorted keys, written in base 32 (the specification's rule).
    """
    from hashlib import sha256

    text = msgspec.json.encode(dict(labels), order="sorted")
    number = int.from_bytes(sha256(text).digest(), "big")
    return "".join(_ID_DIGITS[(number >> 5 * place) & 31] for place in reversed(range(_ID_LENGTH)))


def _substituted(value: object, variables: Variables) -> object:
    if isinstance(value, str):
        if "${" not in value:
            return value
        return _VARIABLE.sub(lambda match: _resolved(match, variables), value)
    if isinstance(value, Mapping):
        return {key: _substituted(item, variables) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_substituted(item, variables) for item in value])
    return value


def _resolved(match: re.Match[str], variables: Variables) -> str:
    variable, _, rest = match[1].partition(":")
    if variable in _WITH_NAME:
        environment = variables.container_env if variable == "containerEnv" else variables.local_env
        return match[0] if environment is None else _from_environment(match[0], rest, environment)
    found = _plain(variable, variables)
    return match[0] if found is None else found


def _from_environment(text: str, rest: str, environment: Mapping[str, str]) -> str:
    name, _, default = rest.partition(":")
    if not name:
        raise VariableWithoutName(
            f"{text} does not name an environment variable.",
            hint=f"Write {text[:-1].rstrip(':')}:NAME}} or {text[:-1].rstrip(':')}:NAME:default}}.",
        )
    return environment.get(name, default)


def _plain(variable: str, variables: Variables) -> str | None:
    if variable == "devcontainerId":
        return variables.devcontainer_id
    if variable.startswith("localWorkspaceFolder"):
        folder = variables.local_workspace_folder
    elif variable.startswith("containerWorkspaceFolder"):
        folder = variables.container_workspace_folder
    else:
        return None
    if variable.endswith("FolderBasename"):
        return None if folder is None else basename(folder.rstrip("/"))
    return folder if variable.endswith("Folder") else None


def _strings(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))
