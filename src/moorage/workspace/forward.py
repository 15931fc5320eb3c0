"""Makes ports of a workspace available on 127.0.0.1 of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from moorage.drivers.base import Inside, Process
from moorage.errors import EngineError, RefusedError
from moorage.events import Notice, Reporter
from moorage.workspace import relay
from moorage.workspace.ports import Forward
from moorage.workspace.session import Session
from moorage.workspace.site import Site

LOCAL = "127.0.0.1"
_NEXT = 20
_PIECE = 64 * 1024
_LONGEST = 4096


class LocalPortTaken(RefusedError):
    """The local port that has to be used is in use on this machine, or not for this user."""

    code = "local-port-taken"


class NoRelay(RefusedError):
    """Nothing inside can carry a connection, and the container cannot be reached directly."""

    code = "no-relay"


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """One port that is open; `local` is another than `wanted.local` where that was taken."""

    wanted: Forward
    local: int
    through: str
    """The program inside that carries the connections, or the container's address."""


class Carrier(Protocol):
    """A way to a port inside: a new full-duplex connection for each caller."""

    @property
    def through(self) -> str: ...

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None: ...


async def carrier(entered: Session, site: Site) -> Carrier:
    """A program inside where there is one, else the container's address, which is less.

    A server that listens on the container's 127.0.0.1 only is not reached that way. Raises NoRelay.
    """
    inside = site.driver.inside(entered.container.id)
    program = await relay.find(inside, entered.user)
    if program:
        return _Relayed(inside, program, entered.user, site.reporter)
    if entered.container.addresses and site.engine.endpoint.local:
        return _Direct(entered.container.addresses[0])
    raise NoRelay(
        "Nothing in the workspace can carry a connection to its ports.",
        evidence=("looked for perl, python3, node, nc and bash",),
        hint="Install one of them in the image, or publish the port with appPort.",
    )


@contextlib.asynccontextmanager
async def opened(forwards: Sequence[Forward], way: Carrier) -> AsyncIterator[tuple[Open, ...]]:
    """All of them open until the end. Raises LocalPortTaken."""
    async with contextlib.AsyncExitStack() as stack:
        found = []
        for forward in forwards:
            server, local = await _listening(forward, way)
            stack.callback(server.close)  # waiting for it would wait for every connection
            found.append(Open(wanted=forward, local=local, through=way.through))
        yield tuple(found)


async def _listening(forward: Forward, way: Carrier) -> tuple[asyncio.Server, int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await way.carry(forward, reader, writer)
        except (EngineError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    for local in _candidates(forward):
        try:
            server = await asyncio.start_server(serve, LOCAL, local)
        except OSError as error:
            if forward.fixed or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise _taken(forward, error) from error
            continue
        return server, server.sockets[0].getsockname()[1]
    raise _taken(forward, OSError(errno.EADDRINUSE, "no port is free"))


def _candidates(forward: Forward) -> list[int]:
    """The wanted port, the next ones, then any."""
    if forward.fixed:
        return [forward.local]
    return [*range(forward.local, min(forward.local + _NEXT, 65536)), 0]


def _taken(forward: Forward, error: OSError) -> LocalPortTaken:
    return LocalPortTaken(
        f"Port {forward.local} cannot be opened on this machine.",
        evidence=(str(error.strerror or error),),
        hint=f"End what uses it, or choose another: moorage forward … LOCAL:{forward.place}.",
    )


class _Relayed:
    def __init__(self, inside: Inside, program: str, user: str, reporter: Reporter) -> None:
        self._inside = inside
        self._user = user
        self._reporter = reporter
        self._told: set[str] = set()
        self.through = program

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        argv = relay.call(self.through, forward.host, forward.port)
        process = await self._inside.run(argv, user=self._user, folder="/", stdin=True)
        feeding = asyncio.ensure_future(_feed(reader, process))
        complaint = b""
        try:
            async for stream, data in process.output():
                if stream == 1:
                    writer.write(data)
                    await writer.drain()
                else:
                    complaint = (complaint + data)[-_LONGEST:]
            self._tell(forward, complaint)
            if writer.can_write_eof():
                writer.write_eof()
        finally:
            feeding.cancel()
            await process.close()

    def _tell(self, forward: Forward, complaint: bytes) -> None:
        """Once for each port until it works: a caller only sees a connection that ends."""
        if not complaint:
            self._told.discard(forward.place)
        elif forward.place not in self._told:
            self._told.add(forward.place)
            said = complaint.decode(errors="replace").strip().splitlines()[-1:]
            text = f"A connection to {forward.place} in the workspace failed: {''.join(said)}"
            hint = "Check that a server listens there; new connections try again."
            self._reporter.emit(Notice(level="warning", code="forward-failed", text=text, hint=hint))


async def _feed(reader: asyncio.StreamReader, process: Process) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        while data := await reader.read(_PIECE):
            await process.write(data)
    await process.close_input()


class _Direct:
    def __init__(self, address: str) -> None:
        self.through = address

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host = self.through if forward.host == "localhost" else forward.host
        there, back = await asyncio.open_connection(host, forward.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass(reader, back))
                group.create_task(_pass(there, writer))
        except* OSError:
            pass
        finally:
            back.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
