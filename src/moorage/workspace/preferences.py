"""A person's own config.toml: how up is called by default, the driver's options, registries.

[up]
dotfiles = "octocat/dotfiles"
env = { EDITOR = "vim" }

[driver.docker]
path = "/usr/local/bin/docker"

[registries]
mirrors = { "docker.io" = ["mirror.example.com"] }
insecure = ["registry.example.com:5000"]
ca-files = ["~/company.pem"]
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from moorage.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from moorage.oci.configuration import Registries

Table = dict[str, object]

_TABLES = ("up", "driver", "registries")
_DRIVERS = ("docker", "kubernetes")
_REGISTRIES = ("mirrors", "insecure", "ca-files")


class PreferencesUnreadable(ConfigurationError):
    """config.toml is not TOML, or cannot be read."""

    code = "preferences-unreadable"


class BadPreference(ConfigurationError):
    """config.toml has a table, key or value that moorage does not know."""

    code = "bad-preference"


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What config.toml says. `file` is "" where there is none; `up` is checked by the command line's room."""

    file: str = ""
    up: Table = {}
    drivers: dict[str, dict[str, str]] = {}
    mirrors: dict[str, tuple[str, ...]] = {}
    insecure: tuple[str, ...] = ()
    ca_files: tuple[str, ...] = ()

    def registries(self) -> Registries:
        """The settings as the registry client takes them. Raises BadPreference for a missing file."""
        from moorage.oci.configuration import Registries  # only where a registry is asked

        for path in self.ca_files:
            if not os.path.isfile(path):  # noqa: PTH113 - as everywhere in this module
                raise BadPreference(
                    f"{self.file}: registries.ca-files names {path}, which is not there.",
                    hint="Correct its path; a relative one begins beside config.toml.",
                )
        return Registries(mirrors=self.mirrors, insecure=frozenset(self.insecure), ca_files=self.ca_files)


def file_of(environ: Mapping[str, str]) -> str:
    """Where config.toml is, by the XDG base directory specification; `MOORAGE_CONFIG` overrides it."""
    own = environ.get("MOORAGE_CONFIG")
    if own:
        return own
    base = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    return f"{base}/moorage/config.toml"


def load(environ: Mapping[str, str]) -> Preferences:
    """The preferences; none where there is no file. Raises PreferencesUnreadable, BadPreference."""
    file = file_of(environ)
    data = _read(file, named=bool(environ.get("MOORAGE_CONFIG")))
    return read(data, file, environ.get("HOME", "")) if data is not None else Preferences()


def read(data: bytes, file: str, home: str) -> Preferences:
    """The preferences in a file's content. Raises as `load`."""
    top = _parsed(data, file)
    known(top, _TABLES, file, "")
    driver = table(top, "driver", file)
    known(driver, _DRIVERS, file, "driver.")
    registries = table(top, "registries", file)
    known(registries, _REGISTRIES, file, "registries.")
    mirrors = table(registries, "mirrors", file, "registries.")
    return Preferences(
        file=file,
        up=table(top, "up", file),
        drivers={name: _driver(driver, name, file, home) for name in driver},
        mirrors={name: texts(mirrors, name, file, "registries.mirrors.") for name in mirrors},
        insecure=texts(registries, "insecure", file, "registries."),
        ca_files=tuple(
            path_of(path, file, home) for path in texts(registries, "ca-files", file, "registries.")
        ),
    )


def known(given: Mapping[str, object], names: tuple[str, ...], file: str, prefix: str) -> None:
    """Refuse keys that are none of these. Raises BadPreference with the nearest name."""
    for key in given:
        if key not in names:
            from moorage.devcontainer.spelling import did_you_mean  # for mistakes only

            what = "table" if not prefix else "key"
            raise BadPreference(
                f"{file}: {prefix}{key} is not a {what} that moorage knows.",
                hint=did_you_mean(key, names) or f"Known are {', '.join(names)}.",
            )


def table(given: Mapping[str, object], key: str, file: str, prefix: str = "") -> Table:
    """The table under a key; empty where there is none. Raises BadPreference."""
    value = given.get(key, {})
    if not isinstance(value, dict):
        raise wrong(file, f"{prefix}{key}", value, "a table")
    return value


def texts(given: Mapping[str, object], key: str, file: str, prefix: str) -> tuple[str, ...]:
    """The list of texts under a key; empty where there is none. Raises BadPreference."""
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise wrong(file, f"{prefix}{key}", value, "a list of texts")
    return tuple(value)


def wrong(file: str, key: str, value: object, expected: str) -> BadPreference:
    """The error for a value of another type than expected. The value itself is not told: it may be secret."""
    found = _TYPES.get(type(value), type(value).__name__)
    return BadPreference(f"{file}: {key} must be {expected}, not {found}.", hint=f"Give {expected}.")


def path_of(text: str, file: str, home: str) -> str:
    """A path in the file: `~` is the home folder, and a relative one begins beside the file."""
    if text == "~" or text.startswith("~/"):
        return home + text[1:]
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(file)), text))  # noqa: PTH100, PTH118, PTH120


_TYPES = {
    dict: "a table",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def _read(file: str, *, named: bool) -> bytes | None:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 - without pathlib, for the start-up time of exec
            return opened.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not named:
            return None
        hint = "Correct the variable MOORAGE_CONFIG, or unset it."
        raise PreferencesUnreadable(f"{file} does not exist.", hint=hint) from error
    except OSError as error:
        text = f"{file} cannot be read: {error.strerror}."
        raise PreferencesUnreadable(text, hint="Correct its permissions.") from error


def _parsed(data: bytes, file: str) -> Table:
    import tomllib  # only for people who have a file

    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PreferencesUnreadable(
            f"{file} is not TOML: {error}.", hint="Correct it; see https://toml.io for its form."
        ) from error


def _driver(given: Table, name: str, file: str, home: str) -> dict[str, str]:
    """The options as `-o` takes them, checked already so that the message can name the file."""
    prefix = f"driver.{name}"
    options = {
        key: _option(value, file, f"{prefix}.{key}")
        for key, value in table(given, name, file, "driver.").items()
    }
    try:
        _check(name, options, home)
    except UsageError as error:
        raise BadPreference(f"{file}: [{prefix}]: {error.message}", hint=error.hint) from error
    return options


def _check(driver: str, options: dict[str, str], home: str) -> None:
    if driver == "kubernetes":
        from moorage.drivers.kubernetes.options import parse as parse_kubernetes

        parse_kubernetes(options, home=home)
    else:
        from moorage.drivers.docker.options import parse as parse_docker

        parse_docker(options)


def _option(value: object, file: str, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise wrong(file, key, value, "a text, a number, true or false")
