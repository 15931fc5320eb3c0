"""Helper containers: short-lived, removed by the engine itself, and one at a time by their fixed name."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable

import msgspec

from ...engine import containers
from ...engine.client import Engine, quoted
from ...engine.errors import NameTaken, NoSuchContainer
from ...engine.frames import Splitter
from ...engine.wire import Wire
from ...errors import MoorageError
from ...spec import names
from ..base import Helper
from .draft import Json
from .errors import HelperFailed
from .mounts import mount

Log = Callable[[str], None]

_TRIES = 50
_NEVER_STARTED = 5.0
"""Seconds after which a helper that was created and not started counts as left behind by a killed client."""
_REMOVAL = 30.0
"""Seconds in which a helper that has ended is removed."""


class _Waited(msgspec.Struct):
    """`Error`: it was gone before the engine saw how it ended."""

    StatusCode: int
    Error: object = None


async def run(engine: Engine, helper: Helper, log: Log) -> int:
    """Run it to its end and give the exit code; one of this name already at work is waited for instead.

    Cancelled, it removes the container. Raises HelperFailed, and what creating and starting raise.
    """
    for _ in range(_TRIES):
        try:
            identity = await _created(engine, helper)
        except NameTaken:
            code = await _adopted(engine, helper.name, log)
            if code is not None:
                return code
            await asyncio.sleep(0.1)  # a name is taken a little before its container can be seen
            continue
        return await _attended(engine, identity, helper, log)
    raise HelperFailed(
        f"The helper container {helper.name} could not be run: others of its name come and go.",
        hint="Wait until other commands on this workspace are done, then run the command again.",
    )


def request(helper: Helper) -> Json:
    """The container-create request."""
    given = bool(helper.stdin)
    return {
        "Image": helper.image,
        "Entrypoint": [helper.argv[0]],
        "Cmd": list(helper.argv[1:]),
        "User": helper.user,
        "Env": [f"{name}={value}" for name, value in helper.environment],
        "Labels": {**dict(helper.labels), names.ROLE: "helper"},
        "AttachStdin": given,
        "OpenStdin": given,
        "StdinOnce": given,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": {
            "AutoRemove": True,
            "Mounts": [mount(each) for each in helper.mounts],
            "NetworkMode": "host" if helper.host_network else "default",
        },
    }


async def _created(engine: Engine, helper: Helper) -> str:
    identity, _ = await containers.create(engine, helper.name, request(helper))
    return identity


async def _attended(engine: Engine, identity: str, helper: Helper, log: Log) -> int:
    """Attach before the start, so that nothing of the output is missed; the wait too, so that no exit is."""
    query = {"stream": True, "stdin": bool(helper.stdin), "stdout": True, "stderr": True}
    path = f"/containers/{identity}"
    try:
        wire = await engine.hijack(f"{path}/attach", query)
        try:
            async with engine.open("POST", f"{path}/wait", {"condition": _condition(engine)}) as waited:
                await containers.start(engine, identity)
                await asyncio.gather(_feed(wire, helper.stdin), _relay(_output(wire), log))
                code = engine.decoded(await waited.read(), _Waited, f"{path}/wait").StatusCode
            if engine.podman:
                await containers.wait(engine, identity, "removed", timeout=_REMOVAL)
            return code
        finally:
            await wire.close()
    except (MoorageError, asyncio.CancelledError):
        await asyncio.shield(_abandon(engine, identity))
        raise


def _condition(engine: Engine) -> containers.Condition:
    """Podman has forgotten the exit code of a container that is removed."""
    return "next-exit" if engine.podman else "removed"


async def _abandon(engine: Engine, identity: str) -> None:
    with contextlib.suppress(MoorageError, TimeoutError):
        async with asyncio.timeout(20):
            await containers.remove(engine, identity)


async def _adopted(engine: Engine, name: str, log: Log) -> int | None:
    """The exit code of the one that runs already; None: it is gone, or was removed as never started."""
    waited = 0.0
    while True:
        found = await containers.inspect(engine, name)
        if found is None:
            return None
        if found.State.state != "created":
            break
        if waited >= _NEVER_STARTED:
            await containers.remove(engine, found.Id)
            return None
        await asyncio.sleep(0.1)
        waited += 0.1
    log(f"Waiting for {name}, which is already at work")
    follower = asyncio.create_task(_follow(engine, found.Id, log))
    try:
        return await _end(engine, found.Id)
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def _end(engine: Engine, identity: str) -> int | None:
    path = f"/containers/{identity}/wait"
    try:
        async with engine.open("POST", path, {"condition": _condition(engine)}) as waited:
            end = engine.decoded(await waited.read(), _Waited, path)
            return None if end.Error is not None else end.StatusCode
    except NoSuchContainer:
        return None


async def _follow(engine: Engine, identity: str, log: Log) -> None:
    query = {"follow": True, "stdout": True, "stderr": True, "tail": 20}
    with contextlib.suppress(MoorageError):
        async with engine.open("GET", f"/containers/{quoted(identity)}/logs", query) as answer:
            await _relay(_split(answer.pieces()), log)


async def _feed(wire: Wire, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        if data:
            await wire.write(data)
        await wire.write_eof()


async def _pieces(wire: Wire) -> AsyncIterator[bytes]:
    with contextlib.suppress(ConnectionError):
        while data := await wire.reader.read(65536):
            yield data


def _output(wire: Wire) -> AsyncIterator[bytes]:
    return _split(_pieces(wire))


async def _split(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    splitter = Splitter()
    async for data in pieces:
        for _, piece in splitter.feed(data):
            yield piece


async def _relay(pieces: AsyncIterator[bytes], log: Log) -> None:
    """Whole lines to `log`; a carriage return ends one too, as progress of git does."""
    rest = ""
    async for piece in pieces:
        *lines, rest = re.split(r"[\r\n]", rest + piece.decode(errors="replace"))
        for line in lines:
            if line.strip():
                log(line)
    if rest.strip():
        log(rest)
