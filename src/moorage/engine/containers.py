"""Containers of an engine: what is read of them, and what is done with them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Literal

import msgspec

from ..errors import EngineError, MoorageError
from .client import CHANGE, Engine, quoted
from .errors import Conflict, NoSuchContainer, NotFound

State = Literal["created", "running", "paused", "exited", "removing", "dead", "restarting"]
Condition = Literal["not-running", "next-exit", "removed"]


class Running(msgspec.Struct):
    """The engine's words for a container's state; `state` is Docker's word where Podman has others."""

    Status: str = "created"
    ExitCode: int = 0
    Error: str = ""
    OOMKilled: bool = False
    StartedAt: str = ""
    FinishedAt: str = ""

    @property
    def state(self) -> State:
        return _STATES.get(self.Status, "dead")


_STATES: dict[str, State] = {
    "created": "created",
    "configured": "created",
    "initialized": "created",
    "running": "running",
    "stopping": "running",
    "paused": "paused",
    "restarting": "restarting",
    "stopped": "exited",
    "exited": "exited",
    "removing": "removing",
}


class Config(msgspec.Struct):
    Image: str = ""
    User: str = ""
    WorkingDir: str = ""
    Env: list[str] | None = None
    Labels: dict[str, str] | None = None


class MountPoint(msgspec.Struct):
    Type: str = ""
    Name: str = ""
    Source: str = ""
    Destination: str = ""


class Attached(msgspec.Struct):
    IPAddress: str = ""
    GlobalIPv6Address: str = ""


class NetworkSettings(msgspec.Struct):
    Networks: dict[str, Attached] | None = None


class Inspected(msgspec.Struct):
    """What `GET /containers/{id}/json` says, as far as it is used."""

    Id: str
    Name: str = ""
    Created: str = ""
    Image: str = ""
    State: Running = msgspec.field(default_factory=Running)
    Config: Config = msgspec.field(default_factory=Config)
    Mounts: list[MountPoint] | None = None
    NetworkSettings: NetworkSettings = msgspec.field(default_factory=NetworkSettings)


class Summary(msgspec.Struct):
    """One line of `GET /containers/json`; `Created` in seconds since 1970."""

    Id: str
    Names: list[str] = []
    Image: str = ""
    State: str = ""
    Created: int = 0
    Labels: dict[str, str] | None = None


class _Created(msgspec.Struct):
    Id: str
    Warnings: list[str] | None = None


class _WaitError(msgspec.Struct):
    Message: str = ""


class _Waited(msgspec.Struct):
    StatusCode: int
    Error: _WaitError | None = None


async def inspect(engine: Engine, name: str) -> Inspected | None:
    """The container of this name or id; None when there is none."""
    try:
        return await engine.get(f"/containers/{quoted(name)}/json", Inspected)
    except NoSuchContainer:
        return None


async def find(engine: Engine, label: str) -> list[Summary]:
    """All containers, running or not, with a label: "key" or "key=value"."""
    return await engine.get("/containers/json", list[Summary], {"all": True, "filters": filters(label=label)})


async def create(
    engine: Engine, name: str, body: Mapping[str, object], *, platform: str = ""
) -> tuple[str, tuple[str, ...]]:
    """The new container's id and the engine's warnings. Raises NameTaken, ImageMissing, and more."""
    query = {"name": name, "platform": platform or None}
    answer = await engine.post("/containers/create", query, json=body)
    created = engine.decoded(answer, _Created, "/containers/create")
    return created.Id, tuple(created.Warnings or ())


async def start(engine: Engine, name: str) -> None:
    """Nothing happens to one that runs already; a paused one goes on."""
    path = f"/containers/{quoted(name)}"
    try:
        await engine.post(f"{path}/start")
    except MoorageError as error:
        if not re.search("paused|state improper", " ".join(error.evidence)):
            raise
        found = await inspect(engine, name)
        if found is None or found.State.state not in ("paused", "running"):
            raise
        if found.State.state == "paused":
            await engine.post(f"{path}/unpause")


async def stop(engine: Engine, name: str, *, seconds: int) -> None:
    """TERM (or the image's own signal), KILL after `seconds`. Nothing happens to one that does not run."""
    await engine.post(f"/containers/{quoted(name)}/stop", {"t": seconds}, timeout=CHANGE + seconds)


async def remove(engine: Engine, name: str) -> bool:
    """End and remove it with its anonymous volumes; returns when it is gone. False: it was gone before."""
    try:
        await engine.delete(f"/containers/{quoted(name)}", {"force": True, "v": True})
    except NoSuchContainer:
        return False
    except Conflict:  # its removal is under way already
        await wait(engine, name, "removed", timeout=CHANGE)
    return True


async def wait(engine: Engine, name: str, condition: Condition, *, timeout: float) -> int | None:
    """The exit code once the condition holds; None when it is gone already. Raises EngineTimeout."""
    path = f"/containers/{quoted(name)}/wait"
    try:
        body = await engine.call("POST", path, {"condition": condition}, timeout=timeout)
    except NoSuchContainer:
        return None
    waited = engine.decoded(body, _Waited, path)
    gone = waited.Error is not None and "no such container" in waited.Error.Message  # Podman
    return None if gone else waited.StatusCode


async def log_tail(engine: Engine, name: str, lines: int) -> tuple[str, ...]:
    """The last lines that its main process wrote; nothing when they cannot be had."""
    from .frames import Misframed, Splitter

    query = {"stdout": True, "stderr": True, "tail": lines}
    try:
        body = await engine.call("GET", f"/containers/{quoted(name)}/logs", query)
        text = b"".join(piece for _, piece in Splitter().feed(body))
    except (EngineError, Misframed):
        return ()
    return tuple(text.decode(errors="replace").splitlines()[-lines:])


async def read(engine: Engine, name: str, path: str) -> bytes | None:
    """A file or folder inside as a tar archive; None when it is not there. Raises NoSuchContainer."""
    try:
        return await engine.call("GET", f"/containers/{quoted(name)}/archive", {"path": path})
    except NotFound:
        return None


async def exists(engine: Engine, name: str, path: str) -> bool:
    """Whether the path is there. A missing container has none either."""
    try:
        await engine.call("HEAD", f"/containers/{quoted(name)}/archive", {"path": path})
    except (NotFound, NoSuchContainer):
        return False
    return True


async def write(engine: Engine, name: str, folder: str, archive: bytes) -> None:
    """Unpack a tar archive in an existing folder; owners as in the archive. Raises NotFound for no folder."""
    await engine.call(
        "PUT",
        f"/containers/{quoted(name)}/archive",
        {"path": folder, "noOverwriteDirNonDir": True},  # copyUIDGID would give all to the image's user
        body=archive,
        headers={"Content-Type": "application/x-tar"},
        timeout=CHANGE,
    )


async def events(engine: Engine, *, label: str, since: int = 0) -> AsyncGenerator[bytes, None]:
    """Container events as JSON lines, from `since` (seconds since 1970) on, until closed."""
    query = {"filters": filters(label=label, type="container"), "since": since or None}
    async with aclosing(engine.lines("GET", "/events", query, silence=None)) as lines:
        async for line in lines:
            yield line


def filters(**values: str) -> str:
    """The engine's form of a filter: JSON of lists."""
    return msgspec.json.encode({name: [value] for name, value in values.items()}).decode()
