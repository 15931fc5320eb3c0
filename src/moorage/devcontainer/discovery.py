"""Which devcontainer.json of a repository is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from posixpath import normpath

import msgspec

from moorage.devcontainer.spelling import did_you_mean
from moorage.errors import ConfigurationError, UsageError

SEARCH_PATTERNS = (
    ".devcontainer/devcontainer.json",
    ".devcontainer.json",
    ".devcontainer/*/devcontainer.json",
)
"""Where the specification looks, in its order; `*` is exactly one folder."""

DEFAULT = "default"


class NoConfiguration(ConfigurationError):
    """The folder has no devcontainer.json in any of the three places."""

    code = "no-configuration"


class SeveralConfigurations(UsageError):
    """Several configurations, none of them the default, and no choice was made."""

    code = "several-configurations"


class UnknownConfiguration(UsageError):
    """The configuration asked for is none of those found."""

    code = "unknown-configuration"


class Candidate(msgspec.Struct, frozen=True):
    """One configuration: the id that people choose it by, and its path relative to the workspace folder."""

    id: str
    path: str


def candidates(paths: Iterable[str]) -> tuple[Candidate, ...]:
    """The configurations among the files of a workspace, the default first; other files are passed over.

    Ids are unique: where one is taken, the path itself is the id.
    """
    found: list[Candidate] = []
    for path in sorted({path.removeprefix("./") for path in paths}, key=_precedence):
        name = _id(path)
        if name is None:
            continue
        taken = any(each.id == name for each in found)
        found.append(Candidate(path if taken else name, path))
    return tuple(found)


def choose(found: Sequence[Candidate], wanted: str | None, *, folder: str) -> Candidate:
    """The configuration to use: `wanted` by id or by path, else the default, else the only one.

    A path to any other .json file is taken at its word. `folder` is what errors call the workspace.
    Raises NoConfiguration, SeveralConfigurations or UnknownConfiguration.
    """
    if wanted:
        return _wanted(found, wanted, folder)
    if not found:
        raise NoConfiguration(
            f"{folder} has no devcontainer.json.",
            evidence=tuple(f"looked for {place}" for place in _places()),
            hint="Create .devcontainer/devcontainer.json, or name another file with --config PATH.",
        )
    if found[0].id == DEFAULT or len(found) == 1:
        return found[0]
    raise SeveralConfigurations(
        f"{folder} has {len(found)} configurations and none of them is the default.",
        evidence=_listed(found),
        hint=f"Choose one with --config ID, for example --config {found[0].id}.",
    )


def _wanted(found: Sequence[Candidate], wanted: str, folder: str) -> Candidate:
    path = normpath(wanted)
    for candidate in found:
        if wanted == candidate.id or path == candidate.path:
            return candidate
    if path.endswith(".json"):
        return Candidate(path, path)
    raise UnknownConfiguration(
        f"{folder} has no configuration {wanted!r}.",
        evidence=_listed(found) or tuple(f"looked for {place}" for place in _places()),
        hint=did_you_mean(wanted, [each.id for each in found]) or "Give one of these ids, or a file's path.",
    )


def _id(path: str) -> str | None:
    parts = path.split("/")
    if parts in ([".devcontainer", "devcontainer.json"], [".devcontainer.json"]):
        return DEFAULT
    if len(parts) == 3 and parts[0] == ".devcontainer" and parts[2] == "devcontainer.json":
        return parts[1]
    return None


def _precedence(path: str) -> tuple[int, str]:
    return (SEARCH_PATTERNS.index(path) if path in SEARCH_PATTERNS else len(SEARCH_PATTERNS)), path


def _places() -> tuple[str, ...]:
    return tuple(pattern.replace("*", "<folder>") for pattern in SEARCH_PATTERNS)


def _listed(found: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(f"{each.id}  ({each.path})" for each in found)
