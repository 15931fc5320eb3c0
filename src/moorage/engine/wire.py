"""A byte stream to an engine: over a socket, over TLS, or through the standard streams of a process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from typing import Protocol

from ..errors import MoorageError
from .endpoint import Endpoint
from .errors import EngineDenied, EngineLost, EngineMissing, EngineNotRunning, EngineTimeout

CONNECT_SECONDS = 15.0
_BUFFER = 256 * 1024


class Wire(Protocol):
    """Both directions of one connection; `write_eof` ends only ours, `ended`: the peer has ended its own."""

    reader: asyncio.StreamReader

    @property
    def ended(self) -> bool: ...

    async def write(self, data: bytes) -> None: ...

    async def write_eof(self) -> None: ...

    async def close(self) -> None: ...

    async def last_words(self) -> tuple[str, ...]:
        """What the process behind a broken wire, if there is one, had to say."""
        ...


class StreamWire:
    """Asyncio's own streams: a socket, or the standard streams of `process`."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        process: asyncio.subprocess.Process | None = None,
    ) -> None:
        self.reader = reader
        self._writer = writer
        self._process = process

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def write_eof(self) -> None:
        if self._writer.can_write_eof():
            await self._writer.drain()
            self._writer.write_eof()

    @property
    def ended(self) -> bool:
        return self.reader.at_eof() or self._writer.is_closing()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                await self._writer.wait_closed()
        if self._process is not None:
            await _reap(self._process)

    async def last_words(self) -> tuple[str, ...]:
        if self._process is None or self._process.stderr is None:
            return ()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                said = await self._process.stderr.read(4096)
                return tuple(said.decode(errors="replace").strip().splitlines()[-8:])
        return ()


async def dial(endpoint: Endpoint) -> Wire:
    """A new wire to the engine.

    Raises EngineMissing, EngineNotRunning, EngineDenied, EngineTimeout.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await _dial(endpoint)
    except TimeoutError as error:
        raise EngineTimeout(
            f"The engine at {endpoint.host} did not accept a connection within {CONNECT_SECONDS:.0f} s.",
            hint="Check the address (DOCKER_HOST, `docker context ls`), the network and the firewall.",
        ) from error
    except OSError as error:
        raise _unreachable(endpoint, error) from error


async def _dial(endpoint: Endpoint) -> Wire:
    if endpoint.command:
        return await _through_process(endpoint)
    if endpoint.socket:
        return StreamWire(*await asyncio.open_unix_connection(endpoint.socket, limit=_BUFFER))
    host, port = endpoint.address
    if endpoint.tls is None:
        return StreamWire(*await asyncio.open_connection(host, port, limit=_BUFFER))
    from .tls import secured  # only engines behind TLS need it

    return await secured(host, port, endpoint.tls, _BUFFER)


async def _through_process(endpoint: Endpoint) -> Wire:
    process = await asyncio.create_subprocess_exec(
        *endpoint.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_BUFFER,
        start_new_session=True,
        env={**os.environ, **endpoint.environment()},
    )
    if process.stdin is None or process.stdout is None:
        raise EngineLost("The process that leads to the engine has no standard streams.")
    return StreamWire(process.stdout, process.stdin, process)


async def _reap(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await process.wait()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _unreachable(endpoint: Endpoint, error: OSError) -> MoorageError:
    evidence = (f"{endpoint.host} (from {endpoint.origin}): {error.strerror or error}",)
    if isinstance(error, PermissionError):
        return EngineDenied(
            f"You may not use the engine at {endpoint.host}.",
            evidence=evidence,
            hint="Join the group that owns the socket: `sudo usermod -aG docker $USER`, then log in again.",
        )
    if endpoint.socket and error.errno in (errno.ENOENT, errno.ENOTDIR) and not endpoint.installed():
        return EngineMissing(
            "There is no container engine on this machine.",
            evidence=evidence,
            hint="Install Docker (https://docs.docker.com/engine/install/), or let moorage do it with "
            "`-o install=true`.",
        )
    if endpoint.command:
        return EngineMissing(
            f"{endpoint.command[0]} cannot be started.",
            evidence=evidence,
            hint="Install it or check its path.",
        )
    hint = "Check the address (DOCKER_HOST, `docker context ls`) and that the engine runs there."
    if endpoint.local:
        hint = "Start it: `sudo systemctl start docker`, or open Docker Desktop."
    if "podman" in endpoint.socket:
        hint = "Start it: `systemctl --user start podman.socket`, as root `systemctl start podman.socket`."
    if endpoint.local and endpoint.origin.isupper():
        hint += f" Or correct {endpoint.origin}."
    return EngineNotRunning(f"No engine answers at {endpoint.host}.", evidence=evidence, hint=hint)
