"""Image metadata: the `devcontainer.metadata` label, and the merge of its entries with the configuration.

Labels come from images that anybody made: what is ill-typed in them is left out and reported, never raised.
"""

# No `from __future__ import annotations`, as in properties.

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from moorage.devcontainer.host_requirements import Requirements, maximum, requirements
from moorage.devcontainer.legacy import modernise
from moorage.devcontainer.mounts import BadMount, Mount, mount_of
from moorage.devcontainer.properties import (
    HookValue,
    MountObject,
    Persisted,
    PortAttributes,
    ShutdownAction,
    UserEnvProbe,
    WaitFor,
)

T = TypeVar("T")

LABEL = "devcontainer.metadata"

Entry: TypeAlias = dict[str, object]
"""One entry of the label as it was written: camelCase keys, variables not substituted."""

PERSISTED: tuple[str, ...] = Persisted.__struct_encode_fields__
"""The 24 properties of a devcontainer.json that the label keeps."""

_CURRENT = ("remoteUser", "userEnvProbe", "remoteEnv")


class Label(msgspec.Struct, frozen=True):
    """The entries of a label, and what was wrong with it if anything."""

    entries: tuple[Entry, ...] = ()
    problem: str | None = None


class Hook(msgspec.Struct, frozen=True):
    """One entry's value of a hook, and whose it is: a Feature's id, "image" or "devcontainer.json"."""

    origin: str
    value: HookValue


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the specification's merge; None is "nobody said", for the caller's default."""

    init: bool = False
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    entrypoints: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    on_create_commands: tuple[Hook, ...] = ()
    update_content_commands: tuple[Hook, ...] = ()
    post_create_commands: tuple[Hook, ...] = ()
    post_start_commands: tuple[Hook, ...] = ()
    post_attach_commands: tuple[Hook, ...] = ()
    wait_for: WaitFor | None = None
    container_user: str | None = None
    remote_user: str | None = None
    user_env_probe: UserEnvProbe | None = None
    shutdown_action: ShutdownAction | None = None
    override_command: bool | None = None
    update_remote_user_uid: bool | None = None
    container_env: dict[str, str] = {}
    remote_env: dict[str, str | None] = {}
    ports_attributes: dict[str, PortAttributes] = {}
    other_ports_attributes: PortAttributes | None = None
    forward_ports: tuple[int | str, ...] = ()
    host_requirements: Requirements = Requirements()
    customizations: dict[str, tuple[object, ...]] = {}
    problems: tuple[str, ...] = ()


class _Entry(Persisted, frozen=True, kw_only=True, rename="camel"):
    """An entry with its types checked; Features add these two."""

    id: str | None = None
    entrypoint: str | None = None


def parse_label(text: str | None) -> Label:
    """The entries of a label's text: an array, or one object. No text is no label."""
    if not text:
        return Label()
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        return Label(problem=f"The label {LABEL} is not JSON: {error}.")
    entries = value if isinstance(value, list) else [value]
    kept = tuple(entry for entry in entries if isinstance(entry, dict))
    if len(kept) < len(entries):
        return Label(kept, f"The label {LABEL} holds something other than objects; that part is left out.")
    return Label(kept)


def write_label(entries: Iterable[Mapping[str, object]]) -> str:
    """The label's text: always an array, without empty entries."""
    return msgspec.json.encode([entry for entry in entries if entry]).decode()


def entry(configuration: Mapping[str, object]) -> Entry:
    """What the label keeps of a devcontainer.json, as written there, legacy names moved."""
    modern = modernise(configuration)
    return {key: modern[key] for key in PERSISTED if modern.get(key) is not None}


def entries_of_container(
    label: str | None, configuration: Mapping[str, object], *, has_identity_labels: bool
) -> tuple[Entry, ...]:
    """The entries that count for a container that exists already.

    Its label is what it was made with; of the current file only what needs no new container is added, or all
    of it where the container was not made for this file (no identity labels), or has no label.
    """
    recorded, current = parse_label(label).entries, entry(configuration)
    if label and has_identity_labels:
        current = {key: current[key] for key in _CURRENT if key in current}
    return (*recorded, current) if current else recorded


def merge(entries: Sequence[Mapping[str, object]]) -> Merged:
    """One configuration from all entries in order: base image, Features, the devcontainer.json's own last.

    Substitute variables before. Properties of a wrong type are left out and told in `problems`.
    """
    problems: list[str] = []
    typed = [_typed(given, place, problems) for place, given in enumerate(entries)]
    origins = _origins(typed)
    return Merged(
        init=any(each.init for each in typed),
        privileged=any(each.privileged for each in typed),
        cap_add=_union(each.cap_add for each in typed),
        security_opt=_union(each.security_opt for each in typed),
        entrypoints=tuple(each.entrypoint for each in typed if each.entrypoint),
        mounts=_mounts(typed, problems),
        on_create_commands=_hooks(origins, (each.on_create_command for each in typed)),
        update_content_commands=_hooks(origins, (each.update_content_command for each in typed)),
        post_create_commands=_hooks(origins, (each.post_create_command for each in typed)),
        post_start_commands=_hooks(origins, (each.post_start_command for each in typed)),
        post_attach_commands=_hooks(origins, (each.post_attach_command for each in typed)),
        wait_for=_last(each.wait_for for each in typed),
        container_user=_last(each.container_user or None for each in typed),
        remote_user=_last(each.remote_user or None for each in typed),
        user_env_probe=_last(each.user_env_probe for each in typed),
        shutdown_action=_last(each.shutdown_action for each in typed),
        override_command=_last(each.override_command for each in typed),
        update_remote_user_uid=_last(each.update_remote_user_uid for each in typed),
        container_env=_overlaid(each.container_env for each in typed),
        remote_env=_overlaid(each.remote_env for each in typed),
        ports_attributes=_overlaid(each.ports_attributes for each in typed),
        other_ports_attributes=_last(each.other_ports_attributes for each in typed),
        forward_ports=_ports(each.forward_ports for each in typed),
        host_requirements=_requirements(typed),
        customizations=_customizations(each.customizations for each in typed),
        problems=tuple(problems),
    )


def _typed(given: Mapping[str, object], place: int, problems: list[str]) -> _Entry:
    try:
        return msgspec.convert(given, _Entry)
    except msgspec.ValidationError:
        return _typed_in_part(given, place, problems)


def _typed_in_part(given: Mapping[str, object], place: int, problems: list[str]) -> _Entry:
    """The entry with only those properties that fit their types."""
    kept: dict[str, object] = {}
    name = given.get("id")
    whose = f"{name!r}" if isinstance(name, str) else f"number {place + 1}"
    for key in _Entry.__struct_encode_fields__:
        if key not in given:
            continue
        try:
            msgspec.convert({key: given[key]}, _Entry)
            kept[key] = given[key]
        except msgspec.ValidationError as error:
            problems.append(f"Metadata entry {whose}: {key} is left out: {error}.")
    return msgspec.convert(kept, _Entry)


def _origins(typed: Sequence[_Entry]) -> list[str]:
    """Features are known by their id; of the others the last that has hooks is this project's."""
    nameless = [place for place, each in enumerate(typed) if not each.id and _has_hooks(each)]
    own = nameless[-1] if nameless else len(typed) - 1
    return [each.id or ("devcontainer.json" if place >= own else "image") for place, each in enumerate(typed)]


def _has_hooks(given: _Entry) -> bool:
    return bool(
        given.on_create_command
        or given.update_content_command
        or given.post_create_command
        or given.post_start_command
        or given.post_attach_command
    )


def _hooks(origins: Sequence[str], values: Iterable[HookValue | None]) -> tuple[Hook, ...]:
    return tuple(Hook(origin, value) for origin, value in zip(origins, values, strict=True) if value)


def _union(lists: Iterable[tuple[str, ...] | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for each in lists for item in each or ()))


def _last(values: Iterable[T | None]) -> T | None:
    found: T | None = None
    for value in values:
        found = found if value is None else value
    return found


def _overlaid(mappings: Iterable[dict[str, T] | None]) -> dict[str, T]:
    """Key by key, the later entry's value."""
    return {key: value for each in mappings for key, value in (each or {}).items()}


def _mounts(typed: Sequence[_Entry], problems: list[str]) -> tuple[Mount, ...]:
    """All mounts; of those with one target the last, at its own place."""
    by_target: dict[str, Mount] = {}
    for given in (mount for each in typed for mount in each.mounts or ()):
        mount = _mount(given, problems)
        if mount is not None:
            by_target.pop(mount.target, None)
            by_target[mount.target] = mount
    return tuple(by_target.values())


def _mount(given: str | MountObject, problems: list[str]) -> Mount | None:
    try:
        return mount_of(given)
    except BadMount as error:
        problems.append(error.message)
        return None


def _ports(lists: Iterable[tuple[int | str, ...] | None]) -> tuple[int | str, ...]:
    """Every port once; `localhost:N` and the number N are the same."""
    return tuple(dict.fromkeys(_port(port) for each in lists for port in each or ()))


def _port(port: int | str) -> int | str:
    number = str(port).removeprefix("localhost:")
    return int(number) if number.isascii() and number.isdigit() else port


def _requirements(typed: Sequence[_Entry]) -> Requirements:
    found = Requirements()
    for each in typed:
        found = maximum(found, requirements(each.host_requirements))
    return found


def _customizations(mappings: Iterable[dict[str, object] | None]) -> dict[str, tuple[object, ...]]:
    """Per tool the values of all entries; each tool merges its own."""
    found: dict[str, tuple[object, ...]] = {}
    for tool, value in (item for each in mappings for item in (each or {}).items()):
        found[tool] = (*found.get(tool, ()), value)
    return found
