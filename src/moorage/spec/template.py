"""What a workspace remembers of the template that it was made from: `Templated`, a label's content."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Value: TypeAlias = str | int | float | bool | tuple[str, ...] | None
"""A parameter's value; None where it has none."""


class Templated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The values that were chosen, and what they came to. Nothing in it is secret.

    `template` is its name or folder. Of the variables only those that somebody has given: the others follow
    the template. From `source` on it is the outcome, so that a workspace is made anew without the template.
    `source` is as it was given: its canonical form may leave out what a server wants.
    """

    template: str
    parameters: dict[str, Value] = {}
    variables: dict[str, Value] = {}
    source: str = ""
    options: dict[str, str] = {}
    environment: dict[str, str] = {}
    mounts: tuple[str, ...] = ()
    run_args: tuple[str, ...] = ()
    features: dict[str, object] = {}
    submodules: bool = False
    lfs: bool = False


def recorded(templated: Templated) -> str:
    """The label's text: the same for the same content."""
    return msgspec.json.encode(templated, order="sorted").decode()


def read(text: str) -> Templated | None:
    """What `recorded` wrote; None where it cannot be understood."""
    try:
        return msgspec.json.decode(text, type=Templated)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
