"""Driver options as the user gives them, `-o KEY=VALUE`: typed, checked, explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from .errors import BadOption
from .values import BadValue, duration, switch


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`inactivity` in seconds, 0: never stopped for being idle."""

    path: str = ""
    install: bool = False
    inactivity: int = 0
    git_image: str = "docker.io/alpine/git:latest"


def parse(given: Mapping[str, str]) -> Options:
    """Raises BadOption for an unknown name or a value that does not fit."""
    found: dict[str, object] = {}
    for name, value in given.items():
        if name not in OPTIONS:
            raise BadOption(_unknown(name), hint=f"The docker driver takes {', '.join(OPTIONS)}.")
        field, convert, expected = OPTIONS[name]
        try:
            found[field] = convert(value.strip())
        except BadValue as error:
            raise BadOption(
                f"The option {name} cannot be {value!r}: {error}.", hint=f"Give {expected}."
            ) from error
    return msgspec.convert(found, Options)


def _switch(text: str) -> bool:
    words = {"yes": True, "on": True, "no": False, "off": False, "": False}
    return words[text.lower()] if text.lower() in words else switch(text)


def _inactivity(text: str) -> int:
    return round(duration(text)) if text else 0


def _image(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise BadValue("an image reference is expected")
    return text


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # for a wrong name only

    near = get_close_matches(name.lower(), [option.lower() for option in OPTIONS], n=1, cutoff=0.5)
    proper = next((option for option in OPTIONS if near and option.lower() == near[0]), "")
    return f"The docker driver has no option {name!r}" + (f"; did you mean {proper}?" if proper else ".")


OPTIONS: dict[str, tuple[str, Callable[[str], object], str]] = {
    "path": ("path", str, "the path of a command-line client, such as docker or /usr/local/bin/docker"),
    "install": ("install", _switch, "true or false"),
    "containerInactivityTimeout": ("inactivity", _inactivity, "seconds (300) or a duration (5m, 1h30m)"),
    "gitImage": ("git_image", _image, "an image that has git and sh, such as docker.io/alpine/git:latest"),
}
