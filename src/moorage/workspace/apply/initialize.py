"""initializeCommand: a project's command on this machine, as its own user, in its own folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from moorage.devcontainer.lifecycle import Command
from moorage.errors import DeadlineError, HookError
from moorage.events import LogLine
from moorage.planner.learning import Result
from moorage.planner.request import Request
from moorage.planner.steps import RunInitialize
from moorage.workspace.site import Site

_TAIL = 20


class InitializeFailed(HookError):
    """initializeCommand ended with an error on this machine."""

    code = "initialize-failed"


class InitializeTimedOut(DeadlineError):
    """initializeCommand did not end within --hook-timeout."""

    code = "initialize-timeout"


async def run_initialize(request: Request, site: Site, step: RunInitialize) -> Result:
    """Run the commands side by side (one, unless it is an object); the first failure ends the others.

    Raises InitializeFailed, InitializeTimedOut.
    """
    limit = request.hook_timeout or None
    try:
        async with asyncio.timeout(limit), asyncio.TaskGroup() as group:
            for command in step.stage.commands:
                group.create_task(_run(site, command, step.folder))
    except TimeoutError as error:
        raise InitializeTimedOut(
            f"initializeCommand did not end within {limit:g} seconds.",
            hint="Raise --hook-timeout, or see what the command waits for.",
        ) from error
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return Result(changed_files=True)


async def _run(site: Site, command: Command, folder: str) -> None:
    tail: list[str] = []
    try:
        child = await asyncio.create_subprocess_exec(
            *command.argv,
            cwd=folder,
            env=dict(site.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise InitializeFailed(
            f"initializeCommand could not be started: {error.strerror or error}.",
            evidence=(" ".join(command.argv),),
            hint="Install the program on this machine, or correct initializeCommand.",
        ) from error
    try:
        await _follow(child, lambda line: _tell(site, command, line, tail))
        code = await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    if code:
        raise InitializeFailed(
            f"initializeCommand failed on this machine with exit code {code}.",
            evidence=(" ".join(command.argv), *tail[-_TAIL:]),
            hint="Run the command in the project's folder to see why; then run moorage up again.",
        )


async def _follow(child: asyncio.subprocess.Process, line: Callable[[str], None]) -> None:
    if child.stdout is None:
        return
    async for data in child.stdout:
        line(data.decode(errors="replace").rstrip("\r\n"))


def _tell(site: Site, command: Command, line: str, tail: list[str]) -> None:
    tail.append(line)
    site.reporter.emit(LogLine(step="run-initialize", text=line, origin=command.key or ""))
