"""Rootless Podman: which user of the container this machine's user is, so that both own the workspace.

Without a mapping only the container's root is this machine's user, and a remote user could not write to a
folder of this machine. `keep-id:uid=…,gid=…` (Podman 4.3) makes the remote user be that one instead: no id
changes in the image, in the container or in the folder.
"""

from __future__ import annotations

import asyncio
import re

import msgspec

from ...devcontainer.users import find_user, user_name
from ...engine import containers, images
from ...engine.client import Engine
from ...engine.errors import ImageMissing
from ...engine.ustar import files
from ...errors import RefusedError
from ...spec import names
from ...spec.observation import EngineFacts
from ...spec.run import RunSpec
from . import runargs

_OWN = ("userns", "uidmap", "gidmap", "subuidname", "subgidname", "pod")
_SINCE = (4, 3)


class UserUnmapped(RefusedError):
    """This Podman cannot let the remote user own the files of the workspace."""

    code = "user-unmapped"


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """This machine's user is `uid`:`gid` inside; `user` is what the container's main process runs as."""

    uid: int
    gid: int
    user: str

    @property
    def mode(self) -> str:
        """As `--userns` takes it."""
        return f"keep-id:uid={self.uid},gid={self.gid}"


def due(spec: RunSpec, facts: EngineFacts) -> bool:
    """Whether a user has to be mapped: a folder of this machine, another user than root, no own mapping."""
    if facts.product != "podman" or not facts.rootless or spec.content.kind != "bind":
        return False
    if user_name(spec.remote_user) in ("", "root", "0"):
        return False
    return not any(name in _OWN for name, _ in runargs.lexed(spec.extras))


def able(facts: EngineFacts) -> bool:
    """Whether this Podman has the mapping."""
    return tuple(int(number) for number in re.findall(r"\d+", facts.version)[:2]) >= _SINCE


async def mapped(engine: Engine, spec: RunSpec, facts: EngineFacts) -> Mapped | None:
    """Whom to map, by the image's own /etc/passwd; None where nobody is to be.

    The image is looked at through a container that is never started. Raises UserUnmapped, ImageMissing.
    """
    if not due(spec, facts):
        return None
    if not able(facts):
        raise UserUnmapped(
            f"Podman {facts.version} cannot let {spec.remote_user} own the workspace's files.",
            evidence=("--userns=keep-id:uid=…,gid=… came with Podman 4.3.",),
            hint='Update Podman, or set "remoteUser" to "root", who is your own user there.',
        )
    found = await images.inspect(engine, spec.image)
    if found is None:
        raise ImageMissing(
            f"The engine does not have the image {spec.image}.", hint="Run `moorage up` again."
        )
    name = user_name(spec.remote_user)
    user = find_user(await _passwd(engine, spec), name)
    first = spec.user or (found.Config.User if found.Config else "") or "0:0"
    if user is not None:
        return Mapped(uid=user.uid, gid=user.gid, user=first)
    return Mapped(uid=int(name), gid=int(name), user=first) if name.isdigit() else None


async def _passwd(engine: Engine, spec: RunSpec) -> str:
    """It bears the workspace's label, so that `delete` finds one that a killed `up` left."""
    labels = {names.ID: spec.workspace, names.ROLE: "helper", **_owner(spec)}
    body = {"Image": spec.image, "Entrypoint": ["/"], "Cmd": [], "Labels": labels}
    identity, _ = await containers.create(engine, "", body, platform=spec.platform)
    try:
        archive = await containers.read(engine, identity, "/etc/passwd")
    finally:
        await asyncio.shield(containers.remove(engine, identity))
    found = files(archive) if archive else {}
    return next(iter(found.values()), b"").decode(errors="surrogateescape")


def _owner(spec: RunSpec) -> dict[str, str]:
    return {name: value for name, value in spec.labels if name == names.OWNER}
