"""Docker's credential helpers: the server by standard input, a JSON answer by standard output.

Protocol: github.com/docker/docker-credential-helpers. A helper gets no terminal and a limited time, so that
one that wants to ask a question cannot hold up a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage.oci.failures import printable

_PREFIX = "docker-credential-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_UNKNOWN = "credentials not found"


class HelperAnswer(msgspec.Struct, frozen=True, rename="pascal"):
    """What a helper knows. The secret is not shown."""

    username: str = ""
    secret: str = ""

    def __repr__(self) -> str:
        return "HelperAnswer(...)"


def find_helper(name: str, environment: Mapping[str, str], prefix: str = _PREFIX) -> str | None:
    """The path of the program, looked for as the engine's client does: in PATH alone."""
    if not _NAME.fullmatch(name):
        return None
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        path = str(Path(folder or ".") / f"{prefix}{name}")
        if os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113  False for a folder closed to us
            return path
    return None


async def ask_helper(
    name: str, server: str, environment: Mapping[str, str], seconds: float
) -> HelperAnswer | str | None:
    """What helper `name` knows of `server`: an answer, None for nothing, or a sentence saying what failed."""
    program = find_helper(name, environment)
    if program is None:
        return f"the credential helper {_PREFIX}{name} is configured but not installed"
    try:
        async with asyncio.timeout(seconds):
            status, output = await _run(program, server, environment)
    except TimeoutError:
        return f"the credential helper {_PREFIX}{name} did not answer within {seconds:g} s"
    except OSError as error:
        return f"the credential helper {_PREFIX}{name} cannot be started: {error.strerror}"
    if status != 0:
        text = printable(output.decode("utf-8", "replace"))
        # A helper that fails prints a sentence; what looks like its JSON could hold the secret.
        shown = f"status {status}" if "{" in text else text or f"status {status}"
        return None if _UNKNOWN in text.lower() else f"the credential helper {_PREFIX}{name} failed: {shown}"
    try:
        return msgspec.json.decode(output, type=HelperAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"the credential helper {_PREFIX}{name} gave no readable answer"


async def _run(program: str, server: str, environment: Mapping[str, str]) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        program,
        "get",
        stdin=PIPE,
        stdout=PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,  # without a terminal nothing can prompt there
    )
    try:
        output, _ = await process.communicate(f"{server}\n".encode())
    finally:
        if process.returncode is None:
            await _end(process)
    return process.returncode or 0, output


async def _end(process: Process) -> None:
    """Nothing that the helper started outlives the question."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())
