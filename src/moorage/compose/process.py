"""One run of Compose: no terminal, its lines as they come, and no life after ours."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from ..child import dies_with_us, end

_GRACE = 12.0
"""Seconds for Compose to put down what it is doing; more than it waits for a container by default."""
_KEPT = 40
_LIMIT = 1 << 20
_COLOURS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended; `said` has the last lines of its standard error."""

    code: int
    stdout: bytes
    said: tuple[str, ...]


async def run(
    argv: tuple[str, ...],
    *,
    environment: Mapping[str, str],
    folder: str,
    stdin: bytes | None = None,
    log: Callable[[str], None] | None = None,
    timeout: float | None = None,
) -> Finished:
    """Run it in `folder`. With `log`, lines of both outputs go there and standard output is not kept.

    Raises OSError where it cannot be started, TimeoutError. Cancelled, it ends with all that it has started.
    """
    child = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        cwd=folder,
        limit=_LIMIT,
        start_new_session=True,
        preexec_fn=dies_with_us(),
    )
    assert child.stdout is not None
    assert child.stderr is not None
    said: deque[str] = deque(maxlen=_KEPT)
    try:
        async with asyncio.timeout(timeout):
            async with asyncio.TaskGroup() as group:
                out = group.create_task(_output(child.stdout, log))
                group.create_task(_lines(child.stderr, log, said))
                group.create_task(_feed(child, stdin))
            code = await child.wait()
    finally:
        await end(child, _GRACE)
    return Finished(code=code, stdout=out.result(), said=tuple(said))


async def _output(stream: asyncio.StreamReader, log: Callable[[str], None] | None) -> bytes:
    if log is None:
        return await stream.read()
    await _lines(stream, log, deque(maxlen=0))
    return b""


async def _lines(stream: asyncio.StreamReader, log: Callable[[str], None] | None, said: deque[str]) -> None:
    rest = b""
    while piece := await stream.read(1 << 16):
        *lines, rest = re.split(rb"[\r\n]", rest[-_LIMIT:] + piece)
        for line in lines:
            _tell(line, log, said)
    _tell(rest, log, said)


def _tell(line: bytes, log: Callable[[str], None] | None, said: deque[str]) -> None:
    text = _COLOURS.sub(b"", line).decode(errors="replace").strip()
    if text:
        said.append(text)
        if log is not None:
            log(text)


async def _feed(child: asyncio.subprocess.Process, data: bytes | None) -> None:
    if data is None or child.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(data)
        await child.stdin.drain()
    child.stdin.close()
