"""Runs the few programs that building takes: gpgv, patchelf, and the tree's own interpreter."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping, Sequence

from moorage import child
from moorage.runtime.errors import RuntimeToolFailed

_LINES = 12
_GRACE = 2.0


async def run(
    command: Sequence[str], *, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> bytes:
    """Its output, both streams in one. Raises RuntimeToolFailed with the last lines."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE if stdin else DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=child.dies_with_us(),
        )
    except OSError as error:
        raise RuntimeToolFailed(
            f"{command[0]} cannot be started.", evidence=(str(error),), hint=f"Install {command[0]}."
        ) from error
    try:
        output, _ = await process.communicate(stdin or None)
    finally:
        await child.end(process, _GRACE)
    if process.returncode:
        raise RuntimeToolFailed(
            f"{command[0]} ended with {process.returncode}.",
            evidence=tuple(output.decode(errors="replace").splitlines()[-_LINES:]),
            hint="See what it says.",
        )
    return output
