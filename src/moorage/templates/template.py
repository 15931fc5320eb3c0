"""A template as data: what it says of itself, what can be chosen, and what becomes of that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from moorage.spec.template import Value

Type = Literal["string", "number", "bool", "list"]
Kind = Literal["parameter", "variable"]
FILE = "template.yaml"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One of the values that a setting may have."""

    value: Value
    name: str = ""
    description: str = ""
    icon: str = ""


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """What a value must be like. `regex` may match anywhere in it; `message` is told in place of our words.

    `monotonic`: a later value may not be below ("increasing") or above ("decreasing") the one before.
    """

    min: float | None = None
    max: float | None = None
    regex: str = ""
    monotonic: Literal["", "increasing", "decreasing"] = ""
    message: str = ""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter, which whoever makes a workspace chooses, or a variable, which the platform team sets.

    `required`: it has no default, not even "none" (`default: null`). `ephemeral`: it counts for one run.
    `unavailable`: why it cannot take effect yet; then no other value than the default is taken.
    """

    kind: Kind
    name: str
    type: Type = "string"
    display_name: str = ""
    description: str = ""
    icon: str = ""
    default: Value = None
    required: bool = False
    options: tuple[Choice, ...] = ()
    validation: Validation = Validation()
    mutable: bool = False
    ephemeral: bool = False
    order: int = 0
    aliases: tuple[str, ...] = ()
    unavailable: str = ""

    @property
    def title(self) -> str:
        return self.display_name or self.name


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings become, still with references (`${parameter.cpu}`) in it."""

    source: object = None
    config: object = None
    options: dict[str, object] = {}
    environment: dict[str, object] = {}
    mounts: list[object] = []
    run_args: list[object] = []
    features: dict[str, object] = {}
    submodules: object = None
    lfs: object = None
    rebuild: object = None


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One template. Parameters are in the order in which they are shown and asked for."""

    name: str
    folder: str
    reference: str = ""
    """How a workspace that is made from it names it: by its name, or by the folder."""
    display_name: str = ""
    description: str = ""
    icon: str = ""
    maintainer: str = ""
    verified: bool = False
    tags: tuple[str, ...] = ()
    driver: str = "docker"
    parameters: tuple[Setting, ...] = ()
    variables: tuple[Setting, ...] = ()
    workspace: Mapping = Mapping()

    @property
    def settings(self) -> tuple[Setting, ...]:
        return (*self.variables, *self.parameters)


def find(settings: Iterable[Setting], name: str) -> Setting | None:
    """The setting of this name, or the one that is also known by it."""
    return next((each for each in settings if name == each.name or name in each.aliases), None)
