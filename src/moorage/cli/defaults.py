"""Defaults of up's options from a person's config.toml; what is given on the command line wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from moorage.workspace.preferences import Preferences, known, load, path_of, table, texts, wrong


def load_defaults(environ: Mapping[str, str]) -> dict[str, Any]:
    """Values by parameter's name, as click's `default_map` has them for one command; empty without a file.

    Raises what `workspace.preferences.load` raises.
    """
    preferences = load(environ)
    if not preferences.up:
        return {}
    known(preferences.up, tuple(OPTIONS), preferences.file, "up.")
    found = Given(preferences, environ.get("HOME", ""))
    return {name.replace("-", "_"): OPTIONS[name](found, name) for name in preferences.up}


class Given(NamedTuple):
    """The table [up], and where its paths begin."""

    preferences: Preferences
    home: str

    def wrong(self, name: str, expected: str) -> Exception:
        return wrong(self.preferences.file, f"up.{name}", self.preferences.up[name], expected)


def _text(given: Given, name: str) -> str:
    value = given.preferences.up[name]
    if not isinstance(value, str):
        raise given.wrong(name, "a text")
    return value


def _path(given: Given, name: str) -> str:
    return path_of(_text(given, name), given.preferences.file, given.home)


def _switch(given: Given, name: str) -> bool:
    value = given.preferences.up[name]
    if not isinstance(value, bool):
        raise given.wrong(name, "true or false")
    return value


def _seconds(given: Given, name: str) -> float:
    value = given.preferences.up[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise given.wrong(name, "a number of seconds")
    return value


def _list(given: Given, name: str) -> Sequence[str]:
    return texts(given.preferences.up, name, given.preferences.file, "up.")


def _pairs(given: Given, name: str) -> Sequence[str]:
    """A table of names and values, or a list of NAME=VALUE as the option takes them."""
    value = given.preferences.up[name]
    if isinstance(value, dict):
        pairs = table(given.preferences.up, name, given.preferences.file, "up.")
        if all(isinstance(each, str) for each in pairs.values()):
            return [f"{key}={each}" for key, each in pairs.items()]
    elif isinstance(value, list) and all(isinstance(each, str) and "=" in each[1:] for each in value):
        return value
    raise given.wrong(name, "a table of texts, or a list of NAME=VALUE")


def _choice(*choices: str) -> Callable[[Given, str], str]:
    def chosen(given: Given, name: str) -> str:
        value = _text(given, name)
        if value not in choices:
            raise given.wrong(name, " or ".join(f'"{choice}"' for choice in choices))
        return value

    return chosen


OPTIONS: dict[str, Callable[[Given, str], object]] = {
    "env": _pairs,
    "remote-env": _pairs,
    "mount": _list,
    "dotfiles": _text,
    "dotfiles-target": _text,
    "dotfiles-install-command": _text,
    "secrets-file": _path,
    "hook-timeout": _seconds,
    "timeout": _seconds,
    "submodules": _switch,
    "lfs": _switch,
    "build-secret": _list,
    "ssh": _list,
    "feature": _list,
    "frozen-lockfile": _switch,
    "no-lockfile": _switch,
    "shell": _switch,
    "driver": _text,
    "output": _choice("text", "json"),
    "log-format": _choice("text", "json"),
    "quiet": _switch,
}
"""Not what belongs to one call: name, config, recreate, rebuild, and consent (allow-host-commands)."""
