"""What a devcontainer-feature.json says, as typed data."""

# No `from __future__ import annotations`, as in properties.

from typing import TypeAlias

import msgspec
from msgspec import field

from moorage.devcontainer.properties import HookValue, MountObject

Scalar: TypeAlias = str | bool | int | float
"""A value of an option: the specification knows text and booleans; people also write numbers."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One declared option. `enum` is all that is allowed; `proposals` are suggestions only."""

    type: str = "string"
    default: Scalar | None = None
    description: str | None = None
    enum: tuple[Scalar, ...] | None = None
    proposals: tuple[Scalar, ...] | None = None


class Feature(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One devcontainer-feature.json. None is "not given", and so is a `null` in the file."""

    id: str
    version: str = ""
    name: str | None = None
    description: str | None = None
    documentation_url: str | None = field(default=None, name="documentationURL")
    license_url: str | None = field(default=None, name="licenseURL")
    keywords: tuple[str, ...] | None = None
    options: dict[str, Option] = {}
    deprecated: bool = False
    legacy_ids: tuple[str, ...] = ()
    current_id: str | None = None
    """The new name, where this was published under an old one (the packager adds it)."""

    depends_on: dict[str, object] = {}
    """Reference as written → its options; recursive."""
    installs_after: tuple[str, ...] = ()
    """References without versions; only an order, nothing is installed for it."""

    container_env: dict[str, str] = {}
    init: bool | None = None
    privileged: bool | None = None
    cap_add: tuple[str, ...] | None = None
    security_opt: tuple[str, ...] | None = None
    entrypoint: str | None = None
    mounts: tuple[str | MountObject, ...] | None = None
    customizations: dict[str, object] | None = None
    on_create_command: HookValue | None = None
    update_content_command: HookValue | None = None
    post_create_command: HookValue | None = None
    post_start_command: HookValue | None = None
    post_attach_command: HookValue | None = None
