"""Mounts of a devcontainer.json as volumes of a pod: claims, Secrets, empty directories. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from hashlib import sha256

from ...spec.run import Mount
from . import dockerforms, naming, values
from .draft import Draft
from .values import BadValue, Json

_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock")
_OWN = ("/var/lib/moorage", "/var/log/moorage")
_WITHOUT_MEANING = frozenset(
    {
        "consistency",
        "bind-propagation",
        "bind-nonrecursive",
        "bind-recursive",
        "bind-create-src",
        "volume-label",
    }
)


def add(draft: Draft, wanted: Mount) -> None:
    """One mount of the spec or of runArgs. Raises BadValue for a form that no mount has."""
    target = wanted.target
    if not target.startswith("/"):
        raise BadValue(f"a mount's target must be an absolute path, not {target!r}")
    if _covers(target):
        raise BadValue(f"a mount at {target} would hide what the pod needs to be a workspace")
    options = {name: value for name, value in wanted.options if name not in _WITHOUT_MEANING}
    match wanted.kind:
        case "bind":
            _bind(draft, wanted)
        case "tmpfs":
            _memory(draft, target, options)
        case "volume":
            _volume(draft, wanted, options)


def parsed(text: str) -> Mount:
    """The value of `--mount`: key=value with commas between them. Raises BadValue."""
    aliases = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
    given: dict[str, str] = {}
    for field in dockerforms.fields(text):
        key, equals, value = field.partition("=")
        key = aliases.get(key.strip().lower(), key.strip().lower())
        given[key] = value if equals else "true"
    kind = given.pop("type", "volume")
    if kind not in ("bind", "volume", "tmpfs"):
        raise BadValue(f"a mount of type bind, volume or tmpfs is expected, not {kind!r}")
    return Mount(
        kind=kind,  # type: ignore[arg-type]  # one of the three, as was just seen
        source=given.pop("source", None),
        target=given.pop("target", ""),
        read_only=values.switch(given.pop("readonly", "false")),
        options=tuple(given.items()),
    )


def short(text: str) -> Mount:
    """The value of `-v`: name:/path[:ro], /host:/path or /path alone. Raises BadValue."""
    source, colon, rest = text.partition(":")
    if not colon:
        return Mount(kind="volume", target=text)
    target, _, options = rest.partition(":")
    return Mount(
        kind="bind" if source.startswith(("/", ".", "~")) else "volume",
        source=source,
        target=target,
        read_only="ro" in options.split(","),
    )


def empty(draft: Draft, target: str, *, memory: bool = False, size: str = "") -> str:
    """A directory that lives as long as the pod; gives its volume's name."""
    name = f"empty-{_short(target)}"
    source: Json = {"medium": "Memory"} if memory else {}
    draft.volumes[name] = {"emptyDir": source | ({"sizeLimit": size} if size else {})}
    draft.mount(name, target)
    return name


def claim(draft: Draft, volume: str, name: str, size: str) -> None:
    """A claim of the workspace's own as one of the pod's volumes."""
    draft.claims[name] = size
    draft.volumes[volume] = {"persistentVolumeClaim": {"claimName": name}}


def _bind(draft: Draft, wanted: Mount) -> None:
    source = wanted.source or ""
    if source in _SOCKETS:
        draft.refuse(
            f"The mount of {source} asks for an engine's socket, which a node of a cluster does not give. "
            "Use a Feature such as docker-in-docker, or build with moorage."
        )
        return
    match draft.options.bind_mounts:
        case "node":
            if not source.startswith("/"):
                raise BadValue(f"a bind mount's source must be an absolute path, not {source!r}")
            name = f"node-{_short(wanted.target)}"
            draft.volumes[name] = {"hostPath": {"path": source}}
            draft.mount(name, wanted.target, read_only=wanted.read_only)
        case "skip":
            draft.warn(
                f"The bind mount of {source} at {wanted.target} is left out: it is a path of this machine."
            )
        case "refuse":
            draft.refuse(
                f"The bind mount of {source} at {wanted.target} is a path of this machine, which a pod "
                "cannot see. Use a volume, or the option bindMounts: skip leaves it out, node takes the "
                "path of the pod's node."
            )


def _memory(draft: Draft, target: str, options: Mapping[str, str]) -> None:
    size = options.get("tmpfs-size", "")
    empty(draft, target, memory=True, size=values.in_bytes(dockerforms.size(size)) if size else "")


def _volume(draft: Draft, wanted: Mount, options: Mapping[str, str]) -> None:
    source, target = wanted.source or "", wanted.target
    kind, slash, name = source.partition("/")
    if slash and kind in ("claim", "secret", "configmap"):
        _existing(draft, kind, name, wanted)
        return
    if slash:
        raise BadValue(
            f"a volume's name, or claim/, secret/ or configmap/ and a name, is expected: not {source!r}"
        )
    if not source:
        volume = empty(draft, target)
        draft.filled[volume] = target
        draft.mount(volume, target, read_only=wanted.read_only, sub_path="data")
        return
    for given in ("volume-driver", "volume-opt"):
        if given in options:
            draft.warn(f"The volume {source} has {given}={options[given]}, which a claim does not know.")
    name = naming.volume(draft.workspace, source)
    volume = f"volume-{_short(source)}"
    claim(draft, volume, name, draft.options.volume_size or draft.options.persistent_volume_size)
    if "volume-nocopy" not in options:
        draft.filled.setdefault(volume, target)
    below = posixpath.join("data", options.get("volume-subpath", "")).rstrip("/")
    draft.mount(volume, target, read_only=wanted.read_only, sub_path=below)


def _existing(draft: Draft, kind: str, name: str, wanted: Mount) -> None:
    """Something of the namespace that is there already, and stays when the workspace goes."""
    values.dns_name(name)
    sources: dict[str, Json] = {
        "claim": {"persistentVolumeClaim": {"claimName": name}},
        "secret": {"secret": {"secretName": name}},
        "configmap": {"configMap": {"name": name}},
    }
    volume = f"{kind}-{_short(name)}"
    draft.volumes[volume] = sources[kind]
    draft.mount(volume, wanted.target, read_only=wanted.read_only or kind != "claim")


def _covers(target: str) -> bool:
    plain = posixpath.normpath(target)
    return any(
        path == plain or path.startswith(plain.rstrip("/") + "/") for path in _OWN
    ) or plain.startswith(tuple(f"{path}/" for path in _OWN))


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:10]
