"""What moorage says of its one service, as a Compose file beside the project's own. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ...spec import names
from ...spec.observation import EngineFacts
from ...spec.run import Mount, RunSpec, recorded
from ...spec.stack import Stack
from .draft import Json
from .errors import BadRunArgs
from .render import MAIN

_TRUE = ("", "1", "t", "true")


def override(
    spec: RunSpec,
    stack: Stack,
    facts: EngineFacts,
    *,
    image: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
) -> Json:
    """The override's JSON, which is YAML too. Raises BadRunArgs.

    `image` has the image's own entrypoint and command: needed where Features' entrypoints run before them.
    """
    service: Json = {"image": spec.image, "pull_policy": "missing", "labels": _labels(spec)}
    if spec.environment:
        service["environment"] = dict(spec.environment)
    if spec.user:
        service["user"] = spec.user
    service |= {"init": True} if spec.init else {}
    service |= {"privileged": True} if spec.privileged else {}
    service |= {"cap_add": list(spec.cap_add)} if spec.cap_add else {}
    service |= {"security_opt": list(spec.security_opt)} if spec.security_opt else {}
    service |= _command(spec, stack, image)
    if spec.mounts:
        service["volumes"] = [_mount(mount) for mount in spec.mounts]
    if spec.gpu and facts.gpu:
        gpu = {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
        service["deploy"] = {"resources": {"reservations": {"devices": [gpu]}}}
    found: Json = {"services": {stack.service: service}}
    volumes = {
        mount.source: _volume(mount) for mount in spec.mounts if mount.kind == "volume" and mount.source
    }
    return found | ({"volumes": volumes} if volumes else {})


def wraps(spec: RunSpec) -> bool:
    """Whether the image's own command has to be known."""
    return not spec.override_command and bool(spec.entrypoints)


def escaped(value: object) -> object:
    """As Compose reads it, who would put a variable where a `$` is."""
    if isinstance(value, dict):
        return {key: escaped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [escaped(each) for each in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def shown(found: Json) -> Json:
    """The override for people: variables by name only, and no copy of the labels' long texts."""
    services = found["services"]
    assert isinstance(services, dict)
    return {
        **found,
        "services": {name: _without_values(service) for name, service in services.items()},
    }


def _without_values(service: Json) -> Json:
    environment = service.get("environment")
    named = {"environment": dict.fromkeys(environment, "…")} if isinstance(environment, dict) else {}
    return {**service, **named}


def _labels(spec: RunSpec) -> dict[str, str]:
    return {names.ID: spec.workspace, **dict(spec.labels), names.SPEC: recorded(spec)}


def _command(spec: RunSpec, stack: Stack, image: tuple[tuple[str, ...], tuple[str, ...]] | None) -> Json:
    """Our first process where it is wanted; after the entrypoints of Features goes on what there was.

    An entrypoint of the Compose file, as one of `docker run`, does away with the image's command.
    """
    main = ["/bin/sh", "-c", MAIN, "moorage", *spec.entrypoints]
    if spec.override_command:
        return {"entrypoint": main, "command": []}
    if not spec.entrypoints:
        return {}
    entrypoint, command = image or ((), ())
    if stack.entrypoint is not None:
        entrypoint, command = stack.entrypoint, ()
    if stack.command is not None:
        command = stack.command
    return {"entrypoint": [*main, "--", *entrypoint], "command": list(command)}


def _mount(mount: Mount) -> Json:
    found: Json = {"type": mount.kind, "target": mount.target}
    if mount.source and mount.kind != "tmpfs":
        found["source"] = mount.source
    if mount.read_only:
        found["read_only"] = True
    for name, value in mount.options:
        _option(found, mount, name, value)
    return found


def _volume(mount: Mount) -> Json:
    return {"external": True} if dict(mount.options).get("external", "false") in _TRUE else {}


def _option(found: Json, mount: Mount, name: str, value: str) -> None:
    if name in ("consistency", "external"):
        return
    if name not in _OPTIONS or not name.startswith(mount.kind):
        raise BadRunArgs(
            f"With Compose, a mount of type {mount.kind} has no option {name}.",
            hint="Write the volume in the Compose file instead.",
        )
    key, convert = _OPTIONS[name]
    place = found.setdefault(mount.kind, {})
    assert isinstance(place, dict)
    place[key] = convert(value)


_OPTIONS: dict[str, tuple[str, Callable[[str], object]]] = {
    "bind-propagation": ("propagation", str),
    "volume-nocopy": ("nocopy", lambda text: text in _TRUE),
    "volume-subpath": ("subpath", str),
    "tmpfs-size": ("size", str),
    "tmpfs-mode": ("mode", lambda text: int(text, 8)),
}
