"""Short names of the first Features, from before registries: where each of them is today."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

HOME = "ghcr.io/devcontainers/features"
_MAJOR = "1"

_MIGRATED = (
    "aws-cli",
    "azure-cli",
    "desktop-lite",
    "docker-from-docker",
    "docker-in-docker",
    "dotnet",
    "git",
    "git-lfs",
    "github-cli",
    "java",
    "kubectl-helm-minikube",
    "node",
    "powershell",
    "python",
    "ruby",
    "rust",
    "sshd",
    "terraform",
)
_RENAMED = {"golang": "go", "common": "common-utils"}


class _Folded(msgspec.Struct, frozen=True):
    """A Feature that became an option of another."""

    into: str
    option: str
    version: str


_FOLDED = {
    "gradle": _Folded("java", "installGradle", "gradleVersion"),
    "maven": _Folded("java", "installMaven", "mavenVersion"),
    "jupyterlab": _Folded("python", "installJupyterlab", "jupyterlabVersion"),
}

SHORT_NAMES: dict[str, str] = {
    **{name: name for name in _MIGRATED},
    **_RENAMED,
    **{name: folded.into for name, folded in _FOLDED.items()},
}
"""Short name → id among the Features of today."""


def mapped(text: str) -> str:
    """The reference of today for a short name; any other text stays as it is."""
    return f"{HOME}/{SHORT_NAMES[text]}:{_MAJOR}" if text in SHORT_NAMES else text


def fold(features: Mapping[str, object]) -> dict[str, object]:
    """The same Features with gradle, maven and jupyterlab turned into options of java and python.

    They join the java or python that is there, else one is added in their place.
    """
    kept = {text: value for text, value in features.items() if text not in _FOLDED}
    result: dict[str, object] = {}
    for text, value in features.items():
        folded = _FOLDED.get(text)
        if folded is None:
            result.setdefault(text, value)
            continue
        target = _in_use(folded.into, kept) or mapped(text)
        before = result.get(target, kept.get(target, {}))
        result[target] = {**_as_options(before), folded.option: True, **_version(folded, value)}
    return result


def _in_use(name: str, features: Mapping[str, object]) -> str | None:
    return next((text for text in features if text == name or _names(text, name)), None)


def _names(text: str, name: str) -> bool:
    lowered = text.lower()
    return lowered == f"{HOME}/{name}" or lowered.startswith((f"{HOME}/{name}:", f"{HOME}/{name}@"))


def _version(folded: _Folded, value: object) -> dict[str, object]:
    version = _as_options(value).get("version")
    return {} if version is None else {folded.version: version}


def _as_options(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    return {"version": value} if isinstance(value, str) else {}
