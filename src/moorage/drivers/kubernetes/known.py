"""What has been found out about cluster, image and source before anything is rendered: `Known`."""

from __future__ import annotations

import msgspec

from ...git.clone import CloneProgram
from .options import Level


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A user as the image's /etc/passwd has it; `name` may be empty for a bare number."""

    uid: int
    gid: int
    name: str = ""
    home: str = ""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A registry's login, for a Secret that the kubelet pulls with. It does not print."""

    registry: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login(registry={self.registry!r}, username=***, password=***)"

    __str__ = __repr__


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner does in a pod that starts with no client present (lifecycle/dialogue.py's lines).

    `probe` is the value of userEnvProbe. It may hold secrets and does not print.
    """

    script: bytes
    probe: str = "none"

    def __repr__(self) -> str:
        return f"Plan(script=***, probe={self.probe!r})"

    __str__ = __repr__


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """`namespace` is where all of it goes, `root` the uid of the root ConfigMap once that exists.

    `level` is what pod security of the namespace allows. `user` is the container's user, `remote` that of
    hooks and tools; None where they are not known. `command` is the image's own entrypoint and command.
    """

    namespace: str = "default"
    root: str = ""
    level: Level = ""
    user: Identity | None = None
    remote: Identity | None = None
    command: tuple[str, ...] = ()
    clone: CloneProgram | None = None
    logins: tuple[Login, ...] = ()
    plan: Plan | None = None
    replicas: int = 0
