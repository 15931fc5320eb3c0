"""Podman's API for as long as a command runs, where no socket of Podman's listens.

`podman system service` ends with us. Containers stay: they are no children of the service.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import private
from ..served import Served
from .endpoint import Endpoint
from .errors import EngineNotRunning

_PREFIX = "moorage-podman-"
_PATIENCE = 20.0
_GRACE = 5.0


def private_socket(environ: Mapping[str, str]) -> str:
    """A path for one service of this process; its folder is made when the service starts."""
    return f"{private.runtime(environ)}/{private.name(_PREFIX)}/podman.sock"


def service(endpoint: Endpoint) -> Served:
    """The service of one endpoint. Its `ready` raises EngineNotRunning."""
    words = " ".join(endpoint.service)

    def failed(why: str, said: tuple[str, ...]) -> EngineNotRunning:
        return EngineNotRunning(
            "Podman's service could not be started.",
            evidence=(f"{words}: {why}", *said),
            hint=f"See what `{words}` says, or start Podman's own: `systemctl --user start podman.socket`.",
        )

    return Served(
        (*endpoint.service, endpoint.host),
        endpoint.socket,
        prefix=_PREFIX,
        failed=failed,
        patience=_PATIENCE,
        grace=_GRACE,
    )
