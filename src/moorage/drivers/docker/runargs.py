"""`runArgs` of devcontainer.json: the arguments of `docker run`, carried out on a draft. Pure."""

from __future__ import annotations

from .. import dockerflags
from .draft import Draft
from .flags import TABLE
from .values import BadValue

_BARE = {name: flag.bare for name, flag in TABLE.items()}


class BadFlag(BadValue):
    """An argument is no flag of `docker run`, or its value is not what the flag takes."""


def lexed(arguments: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The flags by their long names in their order, "true" for a bare switch. Raises BadFlag."""
    try:
        return tuple(dockerflags.lexed(arguments, _BARE))
    except dockerflags.NoFlag as error:
        raise BadFlag(str(error)) from error


def apply(arguments: tuple[str, ...], draft: Draft) -> None:
    """Carry all of them out on the draft. Raises BadFlag."""
    for name, value in lexed(arguments):
        try:
            TABLE[name].apply(draft, value)
        except BadValue as error:
            raise BadFlag(f"--{name}: {error}") from error
