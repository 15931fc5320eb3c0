"""From a RunSpec to the engine's container-create request. Pure: files come through `Machine`."""

from __future__ import annotations

import posixpath

from ...spec import names
from ...spec.observation import EngineFacts
from ...spec.run import Mount, RunSpec, recorded
from . import mapping, mounts, runargs
from .draft import Draft, Json, Machine
from .errors import BadRunArgs
from .mapping import Mapped
from .ports import published
from .security import option
from .values import BadValue

MAIN = """\
trap 'exit 0' INT TERM
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
  /bin/sh -c "$1" &
  wait "$!" || echo "moorage: an entrypoint failed: $1" >&2
  shift
done
if [ "$#" -gt 1 ]; then
  shift
  exec "$@"
fi
while sleep 86400 & wait "$!"; [ "$?" -ne 127 ]; do :; done
exit 127
"""
"""The first process: runs the entrypoints given before `--`, then becomes the command after it, or waits.

It waits in the background, so that TERM ends it at once; without a `sleep` (127) it ends rather than spin.
"""

_ON_VOLUMES = (names.ID, names.NAME, names.SOURCE, names.OWNER, names.TEMPLATE)


def rendered(
    spec: RunSpec,
    facts: EngineFacts,
    machine: Machine,
    *,
    command: tuple[str, ...] = (),
    mapped: Mapped | None = None,
) -> tuple[Json, str, tuple[str, ...]]:
    """The request's JSON, the platform to ask for, and warnings.

    `command` is the image's own entrypoint and command: needed where `wraps` says so. `mapped`: who this
    machine's user is inside. Raises BadRunArgs.
    """
    draft = Draft(machine, modern=modern(facts))
    try:
        _describe(spec, draft)
        runargs.apply(spec.extras, draft)
        _restrict(spec, facts, draft)
        if mapping.due(spec, facts):
            _map(draft, mapped)
    except BadValue as error:
        raise BadRunArgs(
            f"The container cannot be made as configured: {error}.",
            hint="Correct runArgs, mounts, appPort or securityOpt in devcontainer.json.",
        ) from error
    _command(spec, draft, command)
    return draft.body(), draft.platform or spec.platform, tuple(draft.warnings)


def wraps(spec: RunSpec) -> bool:
    """Whether the image's own command has to be known, because entrypoints of Features run before it."""
    return not spec.override_command and bool(spec.entrypoints)


def modern(facts: EngineFacts) -> bool:
    """Engines since 25 (API 1.44) take several networks, and addresses per network."""
    major = facts.version.split(".")[0]
    return not major.isdecimal() or int(major) >= 25


def content_mount(spec: RunSpec) -> Json | None:
    """Where the project's files come from; a clone's volume is mounted one level above them, so that the
    finished clone can be renamed into place."""
    content = spec.content
    labels = {name: value for name, value in spec.labels if name in _ON_VOLUMES}
    labels.setdefault(names.ID, spec.workspace)
    if content.kind == "bind":
        return mounts.mount(Mount(kind="bind", source=content.source, target=content.target))
    if content.kind == "clone":
        target = posixpath.dirname(content.target)
        return mounts.mount(Mount(kind="volume", source=content.volume, target=target), labels)
    return None


def _describe(spec: RunSpec, draft: Draft) -> None:
    """What comes before runArgs, so that they can say otherwise."""
    draft.config |= {"Image": spec.image, "Tty": False, "OpenStdin": False}
    if spec.user:
        draft.config["User"] = spec.user
    draft.labels |= {names.ID: spec.workspace, **dict(spec.labels), names.SPEC: recorded(spec)}
    draft.environment |= dict(spec.environment)
    for port in spec.ports:
        draft.published.extend(published(port.text))
    if (content := content_mount(spec)) is not None:
        draft.append(draft.host, "Mounts", content)
    for mount in spec.mounts:
        draft.append(draft.host, "Mounts", mounts.mount(mount))


def _restrict(spec: RunSpec, facts: EngineFacts, draft: Draft) -> None:
    """What comes after runArgs, as in the specification's reference."""
    if spec.gpu and facts.gpu and "DeviceRequests" not in draft.host:
        gpu: Json = {"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}
        draft.append(draft.host, "DeviceRequests", gpu)
    if spec.init:
        draft.host["Init"] = True
    if spec.privileged:
        draft.host["Privileged"] = True
    for capability in spec.cap_add:
        draft.append(draft.host, "CapAdd", capability)
    for text in spec.security_opt:
        option(draft, text)
    if facts.selinux and not _labelled(draft) and _binds(draft):
        draft.append(draft.host, "SecurityOpt", "label=disable")


def _binds(draft: Draft) -> bool:
    found = draft.host.get("Mounts", [])
    return isinstance(found, list) and any(each.get("Type") == "bind" for each in found)


def _map(draft: Draft, mapped: Mapped | None) -> None:
    """Who is meant is known when the image has been looked at; until then the request shows the intent."""
    draft.host["UsernsMode"] = mapped.mode if mapped else "keep-id"
    if mapped is not None:
        draft.config.setdefault("User", mapped.user)


def _labelled(draft: Draft) -> bool:
    options = draft.host.get("SecurityOpt", [])
    return isinstance(options, list) and any(str(text).startswith("label") for text in options)


def _command(spec: RunSpec, draft: Draft, command: tuple[str, ...]) -> None:
    if spec.override_command or spec.entrypoints:
        tail = () if spec.override_command else ("--", *command)
        draft.config["Entrypoint"] = ["/bin/sh", "-c", MAIN, "moorage", *spec.entrypoints, *tail]
        draft.config["Cmd"] = []
    elif draft.entrypoint is not None:
        draft.config["Entrypoint"] = [draft.entrypoint]
    if draft.entrypoint is not None and spec.override_command:
        draft.warnings.append(
            f"runArgs: --entrypoint {draft.entrypoint} is left out, because overrideCommand keeps the "
            "workspace running by a command of its own. Set overrideCommand to false to use it."
        )
