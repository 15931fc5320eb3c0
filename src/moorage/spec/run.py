"""What a driver is asked to run: `RunSpec`, complete and free of any engine's own words.

Drift is found by comparing recorded specs, never rendered objects (design section 3, the driver's contract).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .stack import Stack, changes, remembered


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One mount. `source` is a host path for bind, a name for volume (None: anonymous), unused for tmpfs."""

    kind: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str | None = None
    read_only: bool = False
    options: tuple[tuple[str, str], ...] = ()


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """How the project's files get to `target` in the workspace.

    bind: `source` is a folder of this machine. clone: a volume named `volume` filled from `source` (canonical
    Git URL) at `commit`. upload: `source` is a folder of this machine, copied once. none: an image source, or
    `workspaceMount: ""`.
    """

    kind: Literal["bind", "clone", "upload", "none"]
    target: str = ""
    source: str = ""
    volume: str = ""
    commit: str = ""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port published at creation (`appPort`). `text` is Docker's own form, such as 127.0.0.1:3000:3000."""

    text: str


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """What the workspace asks of the machine that it lands on (`hostRequirements`), where one can be chosen.

    `memory` and `storage` in bytes; 0 is not asked for.
    """

    cpus: int = 0
    memory: int = 0
    storage: int = 0


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides a workspace's container; equal specs mean the same container.

    `image` is a reference by digest or a tag named by an image key. `environment` is what every process sees
    (containerEnv), with values; recorded copies hold only hashes (see `recorded`). `user` is the container's
    user ("" for the image's own). `remote_user` is that of hooks and tools: where an engine maps users it is
    to own the files; it takes effect without a new container, so it is not recorded. `extras` are the
    driver's own words (`runArgs` for docker), verbatim.
    """

    image: str
    workspace: str
    name: str
    content: Content
    mounts: tuple[Mount, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    remote_user: str = ""
    override_command: bool = True
    entrypoints: tuple[str, ...] = ()
    init: bool = False
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    gpu: bool = False
    extras: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    platform: str = ""
    stack: Stack | None = None
    resources: Resources = Resources()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the wanted spec is not the recorded one, as a sentence for a person."""

    field: str
    text: str


def recorded(spec: RunSpec) -> str:
    """The spec as it goes into a label: compact JSON, every value that may be a secret replaced by a hash.

    Labels are readable to anyone who may list containers (design promise 7). Values of the environment, of
    `runArgs` (`-e NAME=value`) and of volume options may come from `${localEnv:…}`.
    """
    mounts = tuple(msgspec.structs.replace(mount, options=_hashed(mount.options)) for mount in spec.mounts)
    kept = msgspec.structs.replace(
        spec,
        environment=_hashed(spec.environment),
        extras=tuple(_hashed_argument(argument) for argument in spec.extras),
        mounts=mounts,
        labels=(),
        stack=remembered(spec.stack) if spec.stack else None,
        remote_user="",
    )
    return msgspec.json.encode(kept).decode()


def read(text: str) -> RunSpec | None:
    """What `recorded` wrote; None where it cannot be understood."""
    try:
        return msgspec.json.decode(text, type=RunSpec)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None


def differences(old: str, new: RunSpec) -> tuple[Difference, ...]:
    """What changed between a recorded spec and a wanted one; empty when nothing did.

    Unknown or missing fields of an older record take their defaults, so an upgrade alone changes nothing.
    """
    before = read(old)
    if before is None:
        return (Difference(field="record", text="the container's record cannot be read"),)
    after = msgspec.json.decode(recorded(new), type=RunSpec)
    return tuple(
        Difference(field=field, text=_describe(field, getattr(before, field), getattr(after, field)))
        for field in RunSpec.__struct_fields__
        if field not in ("workspace", "name", "labels") and getattr(before, field) != getattr(after, field)
    )


_WORDS = {
    "environment": "containerEnv",
    "user": "containerUser",
    "override_command": "overrideCommand",
    "cap_add": "capAdd",
    "security_opt": "securityOpt",
    "ports": "appPort",
    "extras": "runArgs",
    "content": "workspaceMount",
    "resources": "hostRequirements",
}


def _describe(field: str, before: object, after: object) -> str:
    word = _WORDS.get(field, field)
    if isinstance(before, Stack) and isinstance(after, Stack):
        return f"dockerComposeFile: {changes(before, after)}"
    if field in ("environment", "extras") and isinstance(before, tuple) and isinstance(after, tuple):
        return f"{word}: {_changed_names(_by_name(before), _by_name(after))}"
    if isinstance(before, tuple) and isinstance(after, tuple):
        gone = [_short(item) for item in before if item not in after]
        new = [_short(item) for item in after if item not in before]
        parts = ([f"without {', '.join(gone)}"] if gone else []) + ([f"with {', '.join(new)}"] if new else [])
        return f"{word}: {' and '.join(parts) or 'another order'}"
    return f"{word}: {_short(before)} → {_short(after)}"


def _hash(value: str) -> str:
    from hashlib import sha256

    return "sha256:" + sha256(value.encode(errors="surrogateescape")).hexdigest()[:16]


def _hashed(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _hash(value)) for name, value in pairs)


def _hashed_argument(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return f"{name}={_hash(value)}" if equals else name


def _by_name(items: tuple[object, ...]) -> dict[str, str]:
    """Names with their hashes, of pairs or of NAME=VALUE arguments."""
    pairs = (item if isinstance(item, tuple) else str(item).partition("=")[::2] for item in items)
    return {str(name): str(value) for name, value in pairs}


def _changed_names(before: dict[str, str], after: dict[str, str]) -> str:
    gone = [f"{name} removed" for name in before if name not in after]
    new = [f"{name} added" for name in after if name not in before]
    changed = [f"{name} changed" for name in after if name in before and before[name] != after[name]]
    return ", ".join(gone + new + changed) or "another order"


def _short(value: object) -> str:
    if isinstance(value, Port):
        return value.text
    if isinstance(value, Mount):
        return f"{value.source or 'anonymous'} at {value.target}"
    if isinstance(value, Content):
        return f"{value.kind} {value.source} at {value.target}".strip()
    if isinstance(value, Resources):
        return f"{value.cpus} CPUs, {value.memory} bytes of memory, {value.storage} of storage"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) or "none"
