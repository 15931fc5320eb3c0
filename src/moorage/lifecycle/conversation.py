"""One talk with the runner in a container: its greeting, the environment it found, the log it follows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Literal, Self

import msgspec

from ..drivers.base import Process, Runs
from ..errors import DeadlineError, EngineError, HookError
from ..spec import journal

GREETING = b"moorage 1\n"
_SHELL = "/bin/sh"
_ANSWER_WITHIN = 60.0
_MOST = 1 << 24


class NoShell(HookError):
    """The image has no /bin/sh, so nothing can be run in it the way that hooks are."""

    code = "no-shell"


class UnknownUser(HookError):
    """remoteUser names somebody whom the container's /etc/passwd does not have."""

    code = "user-unknown"


class RunnerUnreachable(HookError):
    """The runner's folder is not there, or belongs to another user."""

    code = "runner-unreachable"


class RunnerLost(EngineError):
    """The runner ended in the middle: the container stopped, or memory ran out."""

    code = "runner-lost"


class RunnerSilent(DeadlineError):
    """The runner in the container said nothing for longer than it may."""

    code = "runner-silent"


class Probed(msgspec.Struct, frozen=True):
    """What the user's shell made of the environment; `status` says how it is known."""

    status: Literal["none", "cached", "fresh", "timeout", "failed"]
    environment: dict[str, str]


class Following(msgspec.Struct, frozen=True):
    """The runner now repeats the log of this run; the token is ours or another client's."""

    run: int
    token: str


class Conversation:
    """A runner's process and what has come from it but is not read yet. Leaving closes our side."""

    def __init__(self, process: Process, token: str) -> None:
        self.token = token
        self.process = process
        self._chunks = process.output()
        self._buffer = b""
        self._errors = b""

    @classmethod
    async def begin(
        cls,
        inside: Runs,
        verb: Literal["run", "environment"],
        *,
        instance: str,
        user: str,
        probe: str,
        probe_seconds: int = 10,
    ) -> Self:
        """Start the runner. Raises NoShell, RunnerUnreachable, and what `inside.run` raises."""
        token = os.urandom(12).hex()
        folders = (journal.state(instance), journal.logs(instance))
        argv = (_SHELL, journal.RUNNER, verb, *folders, probe, str(probe_seconds), token)
        try:
            process = await inside.run(argv, user=user, folder="/", stdin=True)
        except EngineError as error:
            raise _why((*error.evidence, error.message), error, user) from error
        talk = cls(process, token)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                await talk._greeted()
        except TimeoutError as error:
            await process.close()
            raise RunnerSilent(
                f"The container did not start a shell within {_ANSWER_WITHIN:.0f} seconds.",
                hint="See whether the machine is overloaded, then run the same command again.",
            ) from error
        except BaseException:
            await process.close()
            raise
        return talk

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.process.close()

    async def answer(self) -> Probed | Following:
        """The runner's next word. Raises RunnerLost when it ended, RunnerUnreachable when it cannot work."""
        words = (await self._until(b"\n")).decode(errors="replace").split()
        match words:
            case ["environment", "none" | "cached" | "fresh" | "timeout" | "failed" as status]:
                data = await self._until(b"\0" + self.token.encode() + b"\n")
                return Probed(status, journal.environment(data))
            case ["follow", run, token]:
                return Following(int(run), token)
            case ["broken", *reason]:
                raise RunnerUnreachable(
                    f"The runner in the container cannot work: {' '.join(reason)}.",
                    hint="Recreate the container with `moorage up --recreate`.",
                )
            case _:
                raise self._lost()

    async def rest(self) -> AsyncIterator[bytes]:
        """What the runner repeats of the log, until it ends."""
        while self._buffer or await self._more():
            data, self._buffer = self._buffer, b""
            yield data

    async def _greeted(self) -> None:
        while not self._buffer.startswith(GREETING):
            if await self._more():
                continue
            code = await self.process.wait()
            said = _lines(self._errors + self._buffer)
            raise _why(said, code)
        self._buffer = self._buffer[len(GREETING) :]

    async def _until(self, mark: bytes) -> bytes:
        searched = 0
        while (place := self._buffer.find(mark, searched)) < 0:
            searched = max(0, len(self._buffer) - len(mark))
            if len(self._buffer) > _MOST or not await self._more():
                raise self._lost()
        found, self._buffer = self._buffer[:place], self._buffer[place + len(mark) :]
        return found

    async def _more(self) -> bool:
        async for stream, data in self._chunks:
            if stream == 1:
                self._buffer += data
                return True
            self._errors = (self._errors + data)[-4096:]
        return False

    def _lost(self) -> RunnerLost:
        return RunnerLost(
            "The runner in the container ended before the hooks did.",
            evidence=_lines(self._errors),
            hint="Run the same command again: it goes on with what is not done.",
        )


def lost(talk: Conversation) -> RunnerLost:
    """The error for a log that ended before its run did."""
    return talk._lost()


def _why(said: tuple[str, ...], cause: EngineError | int, user: str = "") -> EngineError | HookError:
    """Why the runner could not be started: engines and shells say it in words only."""
    text = "\n".join(said)
    if "unable to find user" in text:
        return UnknownUser(
            f"The user {user} is not in the container.",
            evidence=said,
            hint='Correct "remoteUser" in devcontainer.json, or create the user in the image.',
        )
    missing = any(words in text for words in ("no such file", "not found", "No such file"))
    if journal.RUNNER in text:
        return RunnerUnreachable(
            "The runner is not in the container, or this user may not read it.",
            evidence=said,
            hint="Recreate the container with `moorage up --recreate`.",
        )
    if _SHELL in text and missing:
        return NoShell(
            f"The image has no {_SHELL}, so hooks cannot run in it.",
            evidence=said,
            hint="Use an image with a shell, or remove the lifecycle commands from devcontainer.json.",
        )
    if isinstance(cause, EngineError):
        return cause
    return RunnerLost(
        f"The runner in the container could not be started (exit code {cause}).",
        evidence=said,
        hint="Run the same command again.",
    )


def _lines(data: bytes) -> tuple[str, ...]:
    return tuple(data.decode(errors="replace").strip().splitlines()[-10:])
