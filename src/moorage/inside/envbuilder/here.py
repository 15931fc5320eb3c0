"""Starts processes of the workspace's users in the container that we are in ourselves."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from typing import Self

from moorage.errors import EngineError
from moorage.inside.envbuilder.users import Person

_CHUNK = 65536


class CannotStart(EngineError):
    """A program of the workspace could not be started."""

    code = "envbuilder-cannot-start"


class Here:
    """The contract's `Runs`, for one user in one environment."""

    def __init__(self, person: Person, environment: Mapping[str, str]) -> None:
        self._person = person
        self._environment = dict(environment)

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        terminal: bool = False,
        stdin: bool = False,
    ) -> Running:
        """`user` says nothing here: it is the one that this was made for. Raises CannotStart."""
        del user, terminal
        return await Running.start(
            argv, self._person, {**self._environment, **(environment or {})}, folder or "/", stdin=stdin
        )


class Running:
    """The contract's `Process`. It has a session of its own, and nothing of ours but its three streams."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._chunks: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(16)
        streams = [(1, child.stdout), (2, child.stderr)]
        self._readers = [
            asyncio.create_task(self._read(number, stream)) for number, stream in streams if stream
        ]

    @classmethod
    async def start(
        cls,
        argv: tuple[str, ...],
        person: Person,
        environment: Mapping[str, str],
        folder: str,
        *,
        stdin: bool,
    ) -> Self:
        """Raises CannotStart."""
        other = os.getuid() == 0  # else we are nobody special and cannot become others, as in tests
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
                cwd=folder,
                start_new_session=True,
                user=person.uid if other else None,
                group=person.gid if other else None,
                extra_groups=person.groups if other else None,
            )
        except OSError as error:
            raise CannotStart(
                f"{argv[0]} cannot be started: {os.strerror(error.errno or 0)}.",
                evidence=(f"{argv[0]}: {error.strerror}",),
                hint="Use an image that has it.",
            ) from error
        return cls(child)

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Chunks as they come: (1 stdout | 2 stderr, bytes)."""
        ended = 0
        while ended < len(self._readers):
            chunk = await self._chunks.get()
            if chunk is None:
                ended += 1
            else:
                yield chunk

    async def write(self, data: bytes) -> None:
        if self._child.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the exit status says why
            self._child.stdin.write(data)
            await self._child.stdin.drain()

    async def close_input(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()

    async def resize(self, columns: int, rows: int) -> None:
        """There is no terminal."""
        del columns, rows

    async def wait(self) -> int:
        code = await self._child.wait()
        return code if code >= 0 else 128 - code

    async def close(self) -> None:
        """The process sees the end of its input; what it has started may go on."""
        await self.close_input()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def _read(self, number: int, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(_CHUNK):
            await self._chunks.put((number, chunk))
        await self._chunks.put(None)
