"""One run of a builder's program: an archive in, output out, a limit, and no life after ours."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

from moorage.child import dies_with_us, end, signal_group

_GRACE = 2.0
_PIECE = 64 * 1024
_NO_MORE = b""


async def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    take: Callable[[bytes], None],
    chunks: Iterator[bytes] | None,
) -> int:
    """Run it in `/` and give its exit code; `take` gets what it prints, `chunks` go to its standard input.

    An error raised by `chunks` ends the program at once, before it can take half an archive for a whole
    one, and is raised here. Cancelling ends it with all that it has started.
    """
    child = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL if chunks is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        cwd="/",
        start_new_session=True,
        preexec_fn=dies_with_us(),
    )
    feeder = asyncio.ensure_future(_feed(child, chunks))
    try:
        await _drain(child, take)
        code = await child.wait()
        await feeder
        return code
    finally:
        await end(child, _GRACE)
        feeder.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await feeder


async def pieces(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Blocking chunks, each made in a thread of its own so that the loop goes on."""
    while chunk := await asyncio.to_thread(next, chunks, _NO_MORE):
        yield chunk


async def _feed(child: asyncio.subprocess.Process, chunks: Iterator[bytes] | None) -> None:
    if chunks is None or child.stdin is None:
        return
    try:
        async for chunk in pieces(chunks):
            child.stdin.write(chunk)
            await child.stdin.drain()
        child.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # it has ended or needs no more; its exit code says which
    except BaseException:
        signal_group(child, signal.SIGKILL)
        raise


async def _drain(child: asyncio.subprocess.Process, take: Callable[[bytes], None]) -> None:
    assert child.stdout is not None
    while piece := await child.stdout.read(_PIECE):
        take(piece)
