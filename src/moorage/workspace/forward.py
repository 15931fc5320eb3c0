"""Makes ports of a workspace available on 127.0.0.1 of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from moorage.drivers.base import Process
from moorage.errors import EngineError, RefusedError
from moorage.workspace import relay
from moorage.workspace.complaints import Complaints
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
    """The program inside that carries the connections, the container's address, or "port-forward"."""


class Carrier(Protocol):
    """A way to a port inside: a new full-duplex connection for each caller."""

    def through(self, forward: Forward) -> str:
        """What carries the connections to this port, for people and programs."""
        ...

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None: ...


async def carrier(entered: Session, site: Site, forwards: Sequence[Forward]) -> Carrier:
    """In a cluster the API's port-forward; else a program inside, or where none is the container's address.

    The address is less: a server that listens on the container's 127.0.0.1 only is not reached that way.
    In a cluster, ports of other machines need a program, too. Raises NoRelay.
    """
    complaints = Complaints(site.reporter)
    tunnels: Carrier | None = None
    if site.cluster:
        from moorage.workspace.tunnel import Tunnels  # no engine needs it

        tunnels = Tunnels(site.cluster, entered.container.name, complaints)
        if all(each.host == "localhost" for each in forwards):
            return tunnels
    inside = site.driver.inside(entered.container.id)
    program = await relay.find(inside, entered.user)
    if program:
        relayed = _Relayed(site, entered, program, complaints)
        return _Either(tunnels, relayed) if tunnels else relayed
    if not site.cluster and entered.container.addresses and site.engine.endpoint.local:
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
            found.append(Open(wanted=forward, local=local, through=way.through(forward)))
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


class _Either:
    """The workspace's own ports one way, those of other machines the other."""

    def __init__(self, own: Carrier, others: Carrier) -> None:
        self._own, self._others = own, others

    def through(self, forward: Forward) -> str:
        return self._way(forward).through(forward)

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._way(forward).carry(forward, reader, writer)

    def _way(self, forward: Forward) -> Carrier:
        return self._own if forward.host == "localhost" else self._others


class _Relayed:
    def __init__(self, site: Site, entered: Session, program: str, complaints: Complaints) -> None:
        self._site = site
        self._container = entered.container.name if site.cluster else entered.container.id
        self._user = entered.user
        self._complaints = complaints
        self._program = program

    def through(self, forward: Forward) -> str:
        del forward
        return self._program

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        argv = relay.call(self._program, forward.host, forward.port)
        inside = self._site.driver.inside(self._container)  # in a cluster another pod may have come
        process = await inside.run(argv, user=self._user, folder="/", stdin=True)
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
        if complaint:
            said = complaint.decode(errors="replace").strip().splitlines()[-1:]
            self._complaints.tell(forward, "".join(said))
        else:
            self._complaints.over(forward)


async def _feed(reader: asyncio.StreamReader, process: Process) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        while data := await reader.read(_PIECE):
            await process.write(data)
    await process.close_input()


class _Direct:
    def __init__(self, address: str) -> None:
        self._address = address

    def through(self, forward: Forward) -> str:
        del forward
        return self._address

    async def carry(
        self, forward: Forward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host = self._address if forward.host == "localhost" else forward.host
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
