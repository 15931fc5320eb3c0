"""What can go wrong with an engine, and how its answers are read as that.

Engines tell most causes apart only by their wording, so the wording is matched here and nowhere else.
"""

from __future__ import annotations

import re

from ..errors import DeadlineError, EngineError, ImageError, MoorageError


class EngineMissing(EngineError):
    """Neither a command-line client nor a socket of an engine is on this machine."""

    code = "engine-missing"


class EngineNotRunning(EngineError):
    """An engine is installed or configured, but nothing answers at its address."""

    code = "engine-not-running"


class EngineDenied(EngineError):
    """The engine is there and this user may not speak to it."""

    code = "engine-denied"


class EngineUnsupported(EngineError):
    """What was named as the engine is something that moorage cannot drive."""

    code = "engine-unsupported"


class EngineLost(EngineError):
    """The connection ended in the middle of an answer: the engine was restarted or the network broke."""

    code = "engine-lost"


class EngineRefused(EngineError):
    """The engine said no for a reason that has no class of its own; its words are the evidence."""

    code = "engine-refused"


class EngineTimeout(DeadlineError):
    """The engine did not answer within the time that this kind of request may take."""

    code = "engine-timeout"


class DiskFull(EngineError):
    """No space is left where the engine keeps images, containers or volumes."""

    code = "disk-full"


class NoSuchContainer(EngineError):
    """The container does not exist (any more)."""

    code = "container-missing"


class ContainerNotRunning(EngineError):
    """The container exists but does not run, so nothing can be started in it."""

    code = "container-not-running"


class NoSuchUser(EngineError):
    """The container has no user or group of the name that something is to run as."""

    code = "user-missing"


class NameTaken(EngineError):
    """Another object has this name already: someone was faster, look again."""

    code = "name-taken"


class PortTaken(EngineError):
    """A port to publish is in use on the engine's machine."""

    code = "port-taken"


class ImageMissing(ImageError):
    """The engine does not have the image."""

    code = "image-missing"


class NotFound(EngineError):
    """Something else than a container or an image is not there: a volume, a network, a path, an exec."""

    code = "engine-object-missing"


class Conflict(EngineError):
    """The state of the object forbids it: in use, or being removed."""

    code = "engine-conflict"


def translate(status: int, message: str, request: str) -> MoorageError:
    """The error behind an answer. `request` ("POST /containers/create") goes into the evidence."""
    said = message.strip() or f"status {status} without a word"
    evidence = (f"{request} → {status}", *said.splitlines()[:20])
    text = said.lower()
    for pattern, kind, sentence, hint in _WORDINGS:
        if re.search(pattern, text):
            return kind(sentence, evidence=evidence, hint=hint)
    kind, sentence, hint = _STATUSES.get(status, (EngineRefused, "The engine refused the request", _LOG))
    return kind(f"{sentence}: {_sentence(said)}", evidence=evidence, hint=hint)


def _sentence(text: str) -> str:
    first = text.splitlines()[0].removeprefix("Error response from daemon: ")
    return first if first.endswith(".") else first + "."


_Kind = type[EngineError] | type[ImageError]

_WORDINGS: tuple[tuple[str, _Kind, str, str], ...] = (
    (
        r"no space left on device|disk quota exceeded",
        DiskFull,
        "The disk on which the engine stores its data is full.",
        "Free space: `moorage gc` removes what no workspace uses, `docker system prune` goes further.",
    ),
    (
        r"port is already allocated|address already in use|ports are not available",
        PortTaken,
        "A port that the workspace publishes is already in use on the engine's machine.",
        "Stop what uses the port (`docker ps`, `ss -ltnp`), or choose another one in appPort or runArgs.",
    ),
    (
        r"is already in use by container|name .* is already in use",
        NameTaken,
        "A container of this name exists already.",
        "Run the command again: it will continue with what is there.",
    ),
    (
        r"bind source path does not exist|statfs \S+: no such file or directory",
        EngineRefused,
        "A folder that is to be mounted does not exist on the engine's machine.",
        "Create it, or correct the mounts in devcontainer.json.",
    ),
    (
        r"unable to find (user|group) |no matching entries in (passwd|group) file",
        NoSuchUser,
        "The container has no user or group of this name.",
        "Correct --user or remoteUser, or add the user in the Dockerfile; see /etc/passwd inside.",
    ),
    (
        r"no such container",
        NoSuchContainer,
        "The container does not exist any more.",
        "Run `moorage up` to create it again.",
    ),
    (
        r"no such image|image not known|(image|manifest) .*not found locally",
        ImageMissing,
        "The engine does not have the image.",
        "Run `moorage up` again: it pulls or builds what is missing.",
    ),
    (
        r"container \S+ is (not running|stopped|paused)|exec sessions on running containers",
        ContainerNotRunning,
        "The container is not running.",
        "Start it with `moorage start` or `moorage up`.",
    ),
)

_LOG = "Look into the engine's own log (`journalctl -u docker`)."

_STATUSES: dict[int, tuple[_Kind, str, str]] = {
    401: (EngineDenied, "The engine wants to know who asks", "Check the credentials for this engine."),
    403: (EngineDenied, "The engine does not allow this", "Ask who runs this engine for access."),
    404: (NotFound, "The engine does not know what was asked for", "Run the command again to look anew."),
    409: (Conflict, "The engine cannot do this now", "Wait a moment and run the command again."),
    500: (EngineRefused, "The engine failed", _LOG),
}
