"""One run of the runtime's git, with no shell between, told line by line."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

from moorage.child import dies_with_us, end
from moorage.errors import MoorageError
from moorage.git import failure
from moorage.inside.envbuilder.access import Access
from moorage.inside.environment import ROOT
from moorage.spec.giturl import without_secrets

Say = Callable[[str], None]

_GRACE = 2.0
_SECONDS = 3600.0
_PROGRESS = re.compile(r"\s\d+% \(\d+/\d+\)(?!.*done)|^remote: (Counting|Compressing|Enumerating)")


async def git(access: Access, *arguments: str, folder: str = "/", say: Say = lambda line: None) -> str:
    """What git prints on standard output. Raises what its words mean, GitMissing, GitTimeout."""
    try:
        child = await asyncio.create_subprocess_exec(
            _program(),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=access.environment,
            cwd=folder,
            pass_fds=access.descriptors,
            start_new_session=True,
            preexec_fn=dies_with_us(),
        )
    except FileNotFoundError:
        raise failure.missing("git") from None
    tail: deque[str] = deque(maxlen=40)
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await asyncio.gather(child.stdout.read(), _told(child.stderr, tail, say))
            code = await child.wait()
    except TimeoutError:
        raise failure.timed_out(access.url, _SECONDS) from None
    finally:
        await end(child, _GRACE)
    if code:
        raise failure.explained(access.url, tuple(tail))
    return output.decode("utf-8", "surrogateescape")


async def tried(access: Access, *arguments: str, folder: str = "/", say: Say = lambda line: None) -> bool:
    """Whether it worked, where it may not."""
    try:
        await git(access, *arguments, folder=folder, say=say)
    except MoorageError:
        return False
    return True


async def _told(stream: asyncio.StreamReader, tail: deque[str], say: Say) -> None:
    """Lines without the steps of progress, which end in carriage returns."""
    rest = b""
    while chunk := await stream.read(65536):
        *pieces, rest = re.split(rb"[\r\n]+", rest + chunk)
        rest = rest[-65536:]
        for piece in pieces:
            _take(piece, tail, say)
    _take(rest, tail, say)


def _take(piece: bytes, tail: deque[str], say: Say) -> None:
    line = without_secrets(piece.decode("utf-8", "replace")).rstrip()
    if not line or _PROGRESS.search(line):
        return
    tail.append(line)
    say(line)


def _program() -> str:
    own = f"{ROOT}/bin/git"
    return own if Path(own).exists() else "git"
