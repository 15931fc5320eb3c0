"""A process inside a container: full duplex over one connection (the `Process` of the driver's contract)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Self

import msgspec

from ..errors import EngineError
from .client import Engine, quoted
from .errors import EngineLost
from .frames import Misframed, Splitter
from .wire import Wire

_PIECE = 64 * 1024
_NOT_STARTED = (126, 127)


class _Created(msgspec.Struct):
    Id: str


class _State(msgspec.Struct):
    Running: bool = False
    ExitCode: int | None = None


class Execution:
    """One exec. Its connection belongs to it; losing the connection ends only the input inside."""

    def __init__(
        self, engine: Engine, identity: str, wire: Wire, *, terminal: bool, program: str = ""
    ) -> None:
        self.id = identity
        self._program = program
        self._code: int | None = None
        self._engine = engine
        self._wire = wire
        self._terminal = terminal
        self._ended = False

    @classmethod
    async def start(
        cls,
        engine: Engine,
        container: str,
        argv: tuple[str, ...],
        *,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        terminal: bool = False,
        stdin: bool = False,
    ) -> Self:
        """Create and start it in two requests.

        Raises NoSuchContainer, ContainerNotRunning and what `Engine.get` raises.
        """
        body = {
            "AttachStdin": stdin,
            "AttachStdout": True,
            "AttachStderr": True,
            "Tty": terminal,
            "User": user,
            "WorkingDir": folder,
            "Env": [f"{name}={value}" for name, value in (environment or {}).items()],
            "Cmd": list(argv),
        }
        path = f"/containers/{quoted(container)}/exec"
        created = engine.decoded(await engine.post(path, json=body), _Created, path)
        wire = await engine.hijack(f"/exec/{created.Id}/start", json={"Detach": False, "Tty": terminal})
        return cls(engine, created.Id, wire, terminal=terminal, program=argv[0])

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Chunks as they come: (1 stdout | 2 stderr, bytes); with a terminal all is 1. Raises EngineLost."""
        frames, silent = Splitter(), True
        try:
            while data := await self._wire.reader.read(_PIECE):
                silent = False
                for piece in [(1, data)] if self._terminal else frames.feed(data):
                    yield piece
        except (ConnectionError, Misframed) as error:
            raise self._lost(str(error)) from error
        if not frames.complete:
            raise self._lost("the stream ended in the middle of a frame")
        self._ended = True
        if silent and self._engine.podman and await self.wait() in _NOT_STARTED:
            yield 1 if self._terminal else 2, self._never_started()

    async def write(self, data: bytes) -> None:
        """Raises BrokenPipeError when the process, or the connection to it, is gone."""
        try:
            await self._wire.write(data)
        except (ConnectionError, RuntimeError) as error:
            raise BrokenPipeError("the process no longer reads its input") from error

    async def close_input(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            await self._wire.write_eof()

    async def resize(self, columns: int, rows: int) -> None:
        """Best effort: an engine refuses it for a process that has just ended or not quite begun."""
        with contextlib.suppress(EngineError):
            await self._engine.post(f"/exec/{self.id}/resize", {"h": rows, "w": columns})

    async def wait(self) -> int:
        """The exit code once output has ended; what nobody has read of it is dropped. Raises EngineLost."""
        if not self._ended:
            async for _ in self.output():
                pass
        if self._code is not None:
            return self._code
        path, pause = f"/exec/{self.id}/json", 0.005
        while True:
            state = await self._engine.get(path, _State)
            if not state.Running and state.ExitCode is not None:
                self._code = state.ExitCode
                return self._code
            if pause > 2:
                raise self._lost("its output ended, but the engine says that it is running")
            await asyncio.sleep(pause)
            pause *= 2

    async def close(self) -> None:
        await self._wire.close()

    def _never_started(self) -> bytes:
        """Docker says why a program could not be started; Podman has only the code."""
        return f"{self._program}: cannot be started, or ended with {self._code} without a word\n".encode()

    def _lost(self, why: str) -> EngineLost:
        return EngineLost(
            "The connection to a process in the workspace broke.",
            evidence=(f"exec {self.id[:12]}: {why}",),
            hint="Check that the workspace and its engine are running, then run the command again.",
        )
