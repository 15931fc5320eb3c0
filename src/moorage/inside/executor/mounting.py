"""Reads --mount of RUN (Dockerfile reference, "RUN --mount"). Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from moorage.dockerfile import words
from moorage.inside.executor.step import Mount, MountKind, Origin

_TARGETS = ("target", "dst", "destination")
_SOURCES = ("source", "src")
_KEYS: dict[MountKind, frozenset[str]] = {
    "bind": frozenset({"from", "rw", "readwrite", "ro", "readonly", *_TARGETS, *_SOURCES}),
    "cache": frozenset(
        {
            "id",
            "ro",
            "readonly",
            "rw",
            "readwrite",
            "sharing",
            "from",
            "mode",
            "uid",
            "gid",
            *_TARGETS,
            *_SOURCES,
        }
    ),
    "tmpfs": frozenset({"size", *_TARGETS}),
    "secret": frozenset({"id", "required", "mode", "uid", "gid", "env", *_TARGETS, *_SOURCES}),
    "ssh": frozenset({"id", "required", "mode", "uid", "gid", *_TARGETS}),
}
_SHARING = ("", "shared", "private", "locked")
_MODES = {"cache": 0o755, "secret": 0o400, "ssh": 0o600}

Find = Callable[[str], Origin]
"""The origin that a name in `from=` means."""


class BadMount(ValueError):
    """A mount that no builder knows."""


def mount(written: str, folder: str, find: Find) -> Mount:
    """One mount, with variables already put in; `folder` is the WORKDIR in effect. Raises BadMount."""
    fields = words.options(written)
    kind = _kind((fields.pop("type", None) or "bind").lower())
    for name in fields:
        if name not in _KEYS[kind]:
            raise BadMount(f"a {kind} mount has no option {name}")
    given = _first(fields, _TARGETS)
    source = _first(fields, _SOURCES)
    if not given and kind in ("bind", "cache", "tmpfs"):
        raise BadMount(f"a {kind} mount needs a target")
    name = fields.get("id") or ""
    if kind == "secret":
        name = name or source or posixpath.basename(given)
        if not name:
            raise BadMount("a secret mount needs an id or a target")
    if kind == "cache" and (fields.get("sharing") or "") not in _SHARING:
        raise BadMount(f"sharing={fields['sharing']} is none of shared, private and locked")
    variable = fields.get("env") or ""
    if kind == "secret" and not given and not variable:
        given = f"/run/secrets/{name}"
    if kind == "ssh" and not given:
        given = "/run/buildkit/ssh_agent.0"
    target = posixpath.normpath(posixpath.join(folder or "/", given)) if given else ""
    if target.strip("/") == "" and target:
        raise BadMount("the target of a mount cannot be /")
    return Mount(
        kind=kind,
        target=target,
        source=source if kind in ("bind", "cache") else "",
        origin=_origin(kind, fields.get("from") or "", find),
        id=name or (target if kind == "cache" else "default" if kind == "ssh" else ""),
        read_only=_read_only(kind, fields),
        required=_flag(fields, "required"),
        variable=variable,
        mode=_mode(fields.get("mode"), kind),
        owner=(_number(fields.get("uid"), 10), _number(fields.get("gid"), 10)),
    )


def _kind(name: str) -> MountKind:
    for known in _KEYS:
        if name == known:
            return known
    raise BadMount(f"there is no mount of the type {name}")


def _origin(kind: MountKind, name: str, find: Find) -> Origin | None:
    if name:
        return find(name)
    return Origin("context") if kind == "bind" else None


def _read_only(kind: MountKind, fields: dict[str, str | None]) -> bool:
    if "ro" in fields or "readonly" in fields:
        return _flag(fields, "ro") or _flag(fields, "readonly")
    return kind == "bind" and not (_flag(fields, "rw") or _flag(fields, "readwrite"))


def _first(fields: dict[str, str | None], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := fields.get(name))), "")


def _flag(fields: dict[str, str | None], name: str) -> bool:
    if name not in fields:
        return False
    value = fields[name]
    if value is None or value.lower() in ("1", "t", "true"):
        return True
    if value.lower() in ("0", "f", "false"):
        return False
    raise BadMount(f"{name}={value} is neither true nor false")


def _mode(value: str | None, kind: MountKind) -> int | None:
    return _number(value, 8) if value else _MODES.get(kind)


def _number(value: str | None, base: int) -> int:
    try:
        return int(value or "0", base)
    except ValueError:
        raise BadMount(f"{value} is no number") from None
