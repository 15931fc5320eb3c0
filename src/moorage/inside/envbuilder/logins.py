"""Logins of registries, as docker's config.json: kept in memory, never in a file of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from moorage.devcontainer import jsonc
from moorage.errors import ConfigurationError
from moorage.inside.envbuilder.options import Options
from moorage.inside.envbuilder.table import PREFIX

MOUNTED = "/.envbuilder/config.json"


class BadDockerConfig(ConfigurationError):
    """What should hold the logins of registries is not docker's config.json."""

    code = "envbuilder-docker-config"


class Logins(msgspec.Struct, frozen=True):
    """The file as plain JSON, b"" where there is none; `place` is a file that stays there for all to read."""

    content: bytes = b""
    place: str = ""

    def __repr__(self) -> str:
        return f"Logins({self.place!r})"

    __str__ = __repr__


def logins(options: Options, taken: Mapping[str, str], read: Callable[[str], bytes | None]) -> Logins:
    """The variable comes before the files; comments are allowed. `read` gives None for what is no file.

    Raises BadDockerConfig, which never shows the text.
    """
    if options.docker_config_base64:
        return Logins(_plain(options.docker_config_base64, f"{PREFIX}DOCKER_CONFIG_BASE64"))
    named = taken.get("DOCKER_CONFIG", "")
    places = [f"{named}/config.json", named] if named else []
    for place in (*places, MOUNTED):
        content = read(place)
        if content is not None:
            return Logins(_plain(content, place), place)
    return Logins()


def _plain(content: bytes, name: str) -> bytes:
    try:
        return msgspec.json.encode(jsonc.parse(content, name).value)
    except ConfigurationError as error:
        raise BadDockerConfig(
            f"{name} is not docker's config.json.",
            evidence=(f"{type(error).__name__}: the text is not shown, it may hold passwords",),
            hint="Give the file that `docker login` writes, in base64 where it is a variable.",
        ) from None
