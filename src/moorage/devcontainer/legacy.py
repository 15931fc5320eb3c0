"""Properties that moved: old files keep working, and everything after this module sees only the new names."""

from __future__ import annotations

from collections.abc import Mapping

_INTO_VSCODE = ("extensions", "settings", "devPort")

MOVED = {
    "extensions": "customizations.vscode.extensions",
    "settings": "customizations.vscode.settings",
    "devPort": "customizations.vscode.devPort",
    "dockerFile": "build.dockerfile",
    "context": "build.context",
}
"""Legacy key at the top level → where it belongs today."""


def modernise(value: Mapping[str, object]) -> dict[str, object]:
    """The same configuration under today's names; what stands at the new place already wins.

    Values of a type that cannot be moved stay where they are, so that their error names their own place.
    """
    modern = dict(value)
    if any(key in modern for key in _INTO_VSCODE):
        _move_into_vscode(modern)
    if "dockerFile" in modern or "context" in modern:
        _move_into_build(modern)
    return modern


def _move_into_vscode(modern: dict[str, object]) -> None:
    customizations = modern.get("customizations", {})
    if not isinstance(customizations, dict):
        return
    vscode = customizations.get("vscode", {})
    if not isinstance(vscode, dict):
        return
    old = {key: modern.pop(key) for key in _INTO_VSCODE if key in modern}
    modern["customizations"] = {**customizations, "vscode": {**old, **vscode, **_united(old, vscode)}}


def _united(old: dict[str, object], new: dict[str, object]) -> dict[str, object]:
    """Extensions of both places one after the other; settings key by key, the new place's first."""
    united: dict[str, object] = {}
    before, after = old.get("extensions"), new.get("extensions")
    if isinstance(before, list) and isinstance(after, list):
        united["extensions"] = after + [each for each in before if each not in after]
    beneath, above = old.get("settings"), new.get("settings")
    if isinstance(beneath, dict) and isinstance(above, dict):
        united["settings"] = {**beneath, **above}
    return united


def _move_into_build(modern: dict[str, object]) -> None:
    build = modern.get("build", {})
    if not isinstance(build, dict):
        return
    old = {
        new: modern.pop(key)
        for key, new in (("dockerFile", "dockerfile"), ("context", "context"))
        if key in modern
    }
    modern["build"] = {**old, **build}
