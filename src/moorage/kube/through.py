"""The way through kubectl (or a drop-in such as oc): its `proxy` brings its own authentication."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

import msgspec

from .. import private
from ..served import Served
from .access import Access, User
from .errors import BadClusterOption, ClusterUnreachable

_PREFIX = "moorage-kubectl-"
_PATIENCE = 30.0
_GRACE = 3.0
_NEVER = "^$"


def through(path: str, *, config: str, context: str, environ: Mapping[str, str], home: str) -> Served:
    """One `kubectl proxy`. `path` is a program, or a program and its first words ("k3s kubectl").

    Raises BadClusterOption when there is no such program.
    """
    words = (path,) if _program(path, environ, home) else tuple(path.split())
    program = _program(words[0], environ, home) if words else None
    if program is None:
        raise BadClusterOption(
            f"{path} is not a program that moorage can start.",
            hint="Give the path of kubectl or a drop-in in the option `path`, or leave it out.",
        )
    arguments = [f"--kubeconfig={config}"] if config else []
    arguments += [f"--context={context}"] if context else []
    return _proxy((program, *words[1:], *arguments, "proxy"), environ)


def led_through(access: Access, way: Served) -> Access:
    """The access as it is on the near side of the proxy, which adds credentials and TLS itself."""
    return msgspec.structs.replace(
        access,
        server="http://localhost",
        socket=way.socket,
        user=User(impersonation=access.user.impersonation),
        origin=f"{access.origin}, through option path",
    )


def _proxy(command: tuple[str, ...], environ: Mapping[str, str]) -> Served:
    words = " ".join(command)
    socket = f"{private.runtime(environ)}/{private.name(_PREFIX)}/socket"

    def failed(why: str, said: tuple[str, ...]) -> ClusterUnreachable:
        return ClusterUnreachable(
            "The way to the cluster through the program in `path` is closed.",
            evidence=(f"{words}: {why}", *said[-6:]),
            hint=f"See what `{words}` says, or leave `path` out: moorage needs no kubectl.",
        )

    return Served(
        (*command, f"--unix-socket={socket}", f"--reject-paths={_NEVER}"),
        socket,
        prefix=_PREFIX,
        failed=failed,
        environ=dict(environ),
        patience=_PATIENCE,
        grace=_GRACE,
    )


def _program(word: str, environ: Mapping[str, str], home: str) -> str | None:
    name = f"{home}/{word[2:]}" if word.startswith("~/") else word
    return shutil.which(name, path=environ.get("PATH", os.defpath))
