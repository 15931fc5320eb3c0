"""The user's configuration file: defaults for the options of `up` and of the drivers.

    [up]
    dotfiles = "https://github.com/me/dotfiles"
    remote-env = ["EDITOR=vim"]

    [driver.docker]
    gitImage = "registry.example.com/alpine/git"

It is $MOORAGE_CONFIG, or moorage/config.toml in $XDG_CONFIG_HOME. The command line wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from moorage.errors import ConfigurationError

UP: Mapping[str, str] = {
    "config": "text",
    "recreate": "switch",
    "rebuild": "switch",
    "shell": "switch",
    "timeout": "number",
    "hook-timeout": "number",
    "dotfiles": "text",
    "dotfiles-target": "text",
    "dotfiles-install-command": "text",
    "secrets-file": "text",
    "env": "list",
    "remote-env": "list",
    "mount": "list",
    "build-secret": "list",
    "ssh": "list",
    "allow-host-commands": "switch",
    "submodules": "switch",
    "lfs": "switch",
    "quiet": "switch",
}
"""The options of `up` that may have a default, as they are written on the command line."""

DRIVERS = ("docker",)

_KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "switch": (bool,),
    "number": (int, float),
    "list": (list,),
}
_EXPECTED = {"text": "a text", "switch": "true or false", "number": "a number", "list": "a list of texts"}


class BadDefaults(ConfigurationError):
    """The user's configuration file cannot be read, or has something that is no default."""

    code = "user-configuration"


def path(environ: Mapping[str, str]) -> str:
    """Where the file is, whether or not it exists."""
    if own := environ.get("MOORAGE_CONFIG"):
        return own
    base = environ.get("XDG_CONFIG_HOME") or environ.get("HOME", "") + "/.config"
    return f"{base}/moorage/config.toml"


def load_defaults(environ: Mapping[str, str]) -> dict[str, object]:
    """Defaults for `up` by parameter name, as click's default_map takes them. Raises BadDefaults."""
    file, data = _file(environ)
    up = _table(data, "up", file)
    _known("up.", up, UP, file)
    return {name.replace("-", "_"): _checked(name, value, file) for name, value in up.items()}


def driver_defaults(environ: Mapping[str, str], driver: str) -> dict[str, str]:
    """Defaults for `-o` of every command; what they mean is the driver's to check. Raises BadDefaults."""
    file, data = _file(environ)
    drivers = _table(data, "driver", file)
    _known("driver.", drivers, DRIVERS, file)
    options = _table(drivers, driver, file)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in options.items()
    }


def _file(environ: Mapping[str, str]) -> tuple[str, dict[str, object]]:
    file = path(environ)
    data = _read(file) or {}
    _known("", data, ("up", "driver"), file)
    return file, data


def _read(file: str) -> dict[str, object] | None:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadDefaults(
            f"{file} cannot be read.", evidence=(str(error),), hint="Check its permissions and encoding."
        ) from error
    import tomllib  # only users who have the file pay for it

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadDefaults(f"{file} is no TOML: {error}.", hint="Correct that line.") from error


def _table(data: Mapping[str, object], name: str, file: str) -> dict[str, object]:
    found = data.get(name, {})
    if not isinstance(found, dict):
        raise BadDefaults(f"{file}: {name} is not a table.", hint=f"Write [{name}] and options below it.")
    return found


def _known(
    place: str, given: Mapping[str, object], known: Mapping[str, str] | tuple[str, ...], file: str
) -> None:
    for name in given:
        if name in known:
            continue
        from moorage.devcontainer.spelling import did_you_mean  # for a mistake only

        raise BadDefaults(
            f"{file}: there is no default {place}{name}.",
            hint=did_you_mean(name, known) or f"Known are {', '.join(known)}.",
        )


def _checked(name: str, value: object, file: str) -> object:
    kind = UP[name]
    right = isinstance(value, _KINDS[kind]) and (kind == "switch" or not isinstance(value, bool))
    if isinstance(value, list):
        right = right and all(isinstance(item, str) for item in value)
    if not right:
        raise BadDefaults(f"{file}: up.{name} is not {_EXPECTED[kind]}.", hint=f"Give {_EXPECTED[kind]}.")
    return value
