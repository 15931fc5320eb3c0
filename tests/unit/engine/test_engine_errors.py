"""The engine's words, and the error that each of them means."""

from __future__ import annotations

import pytest

from moorage.engine import errors
from moorage.errors import MoorageError


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (404, "No such container: abc", errors.NoSuchContainer),
        (409, 'Conflict. The container name "/a" is already in use by container "f00".', errors.NameTaken),
        (404, "No such image: x:latest", errors.ImageMissing),
        (404, "get x: no such volume", errors.NotFound),
        (409, "Container f00 is not running", errors.ContainerNotRunning),
        (409, "container f00 is paused, unpause the container before exec", errors.ContainerNotRunning),
        (409, "removal of container f00 is already in progress", errors.Conflict),
        (
            500,
            "driver failed programming: Bind for 0.0.0.0:80 failed: port is already allocated",
            errors.PortTaken,
        ),
        (500, "listen tcp4 127.0.0.1:80: bind: address already in use", errors.PortTaken),
        (500, "write /var/lib/docker/x: no space left on device", errors.DiskFull),
        (500, "something else", errors.EngineRefused),
        (403, "authorization denied by plugin", errors.EngineDenied),
        (
            400,
            'invalid mount config for type "bind": bind source path does not exist: /x',
            errors.EngineRefused,
        ),
        (400, "unable to find user x: no matching entries in passwd file", errors.NoSuchUser),
        (500, "unable to find group x: no matching entries in group file", errors.NoSuchUser),
        (418, "", errors.EngineRefused),
    ],
)
def test_words_have_their_error(status: int, message: str, kind: type[MoorageError]) -> None:
    error = errors.translate(status, message, "POST /x")
    assert type(error) is kind
    assert error.evidence[0] == f"POST /x → {status}"
    assert error.message
