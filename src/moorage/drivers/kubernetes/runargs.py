"""`runArgs` of devcontainer.json, read as the client of `docker run` reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .. import dockerflags
from . import values
from .draft import Draft
from .flags import TABLE, Flag
from .values import BadValue

_BARE = {name: flag.bare for name, flag in TABLE.items()}


def apply(arguments: tuple[str, ...], draft: Draft) -> None:
    """Carry all of them out on the draft; what cannot be done is refused or warned about there.

    Raises BadValue for what `docker run` would not take either.
    """
    for name, value in lexed(arguments):
        flag = TABLE[name]
        try:
            _apply(flag, name, value, draft)
        except BadValue as error:
            raise BadValue(f"runArgs: --{name}: {error}") from error


def lexed(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The flags by their long names in their order, "true" for a bare switch. Raises BadValue."""
    try:
        yield from dockerflags.lexed(arguments, _BARE)
    except dockerflags.NoFlag as error:
        raise BadValue(f"runArgs: {error}") from error


def _apply(flag: Flag, name: str, value: str, draft: Draft) -> None:
    if flag.bare and not values.switch(value):
        return
    shown = f"--{name}" if flag.bare else f"--{name} {value}"
    if flag.apply is not None:
        flag.apply(draft, value)
    elif flag.effect == "refused":
        draft.refuse(f"runArgs: {shown}: {flag.how}")
    elif flag.effect == "warned":
        draft.warn(f"runArgs: {shown} is left out: {flag.how}")
