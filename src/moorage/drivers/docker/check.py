"""What the docker driver says of a spec before anything is created. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec.observation import EngineFacts
from ...spec.run import RunSpec
from ..base import Verdict
from . import mapping, podman
from .draft import Json, Machine
from .errors import BadRunArgs
from .render import modern, rendered

_READS_NOTHING = Machine(environ={}, read=lambda path: "{}")


def verdict(spec: RunSpec, facts: EngineFacts) -> Verdict:
    """Every reason to refuse, and every warning, in one look."""
    try:
        body, platform, warnings = rendered(spec, facts, _READS_NOTHING)
    except BadRunArgs as error:
        return Verdict(refusals=(error.message,))
    return Verdict(
        refusals=tuple(_refusals(spec, facts, body)),
        warnings=(*warnings, *_warnings(spec, facts, platform, body)),
    )


def _refusals(spec: RunSpec, facts: EngineFacts, body: Json) -> Iterator[str]:
    if spec.content.kind == "bind" and not facts.local:
        yield (
            f"The engine is on another machine, so it cannot mount {spec.content.source} of this one. "
            "Use the repository's Git URL as the source, or an engine of this machine."
        )
    host = body["HostConfig"]
    assert isinstance(host, dict)
    yield from _twice(host)
    if facts.userns and spec.privileged and host.get("UsernsMode") != "host":
        yield (
            "The engine maps users (userns-remap), which rules out privileged containers. "
            'Add "--userns=host" to runArgs, or drop "privileged".'
        )
    if facts.product == "podman":
        yield from podman.refusals(host)
    if mapping.due(spec, facts) and not mapping.able(facts):
        yield (
            f"Podman {facts.version} cannot let {spec.remote_user} own the workspace's files: that takes "
            '--userns=keep-id:uid=…,gid=… of Podman 4.3. Without it, "remoteUser" has to be "root".'
        )
    networking = body.get("NetworkingConfig")
    if isinstance(networking, dict) and not modern(facts) and len(networking["EndpointsConfig"]) > 1:
        yield f"runArgs: several networks need Docker 25 or later, and this engine is {facts.version}."


def _twice(host: Json) -> Iterator[str]:
    seen: set[str] = set()
    for target in _targets(host):
        if target in seen:
            yield f"Two mounts have the same target {target}."
        seen.add(target)


def _targets(host: Json) -> Iterator[str]:
    mounts, binds, memory = host.get("Mounts", []), host.get("Binds", []), host.get("Tmpfs", {})
    assert isinstance(mounts, list)
    assert isinstance(binds, list)
    assert isinstance(memory, dict)
    yield from (_plain(mount["Target"]) for mount in mounts)
    yield from (_plain(str(bind).split(":")[1]) for bind in binds)
    yield from (_plain(path) for path in memory)


def _plain(path: str) -> str:
    return path.rstrip("/") or "/"


def _unlabelled(body: Json) -> bool:
    host = body["HostConfig"]
    assert isinstance(host, dict)
    return "label=disable" in host.get("SecurityOpt", [])


def _warnings(spec: RunSpec, facts: EngineFacts, platform: str, body: Json) -> Iterator[str]:
    if spec.gpu and not facts.gpu:
        yield "hostRequirements asks for a GPU, but the engine offers none; the workspace starts without."
    remote = [mount.source for mount in spec.mounts if mount.kind == "bind" and mount.source]
    if remote and not facts.local:
        yield f"The engine is on another machine: {', '.join(remote)} will be a path of that machine."
    if platform and platform.split("/")[:2] != facts.platform.split("/")[:2]:
        yield f"The platform {platform} is not the engine's own ({facts.platform}): emulation makes it slow."
    if facts.rootless and spec.privileged:
        yield "The engine runs without root: privileged gives no more rights than its own user has."
    if facts.selinux and _unlabelled(body):
        yield "SELinux is on: it is switched off for this container, so that it can use the folder."
