"""One program in the root, from its start until nothing is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from asyncio.subprocess import DEVNULL
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from moorage import child
from moorage.inside.executor.users import Identity

Say = Callable[[str], None]

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
_PIECE = 1 << 16
_LONGEST = 1 << 16
_LAST = 40
_GRACE = 3.0
_ROUNDS = 50
_ROUND = 0.02


class Ended(msgspec.Struct, frozen=True):
    """`status` is negative for a signal; `last` are the last lines of its output."""

    status: int
    last: tuple[str, ...]


async def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    identity: Identity,
    folder: str,
    root: str,
    say: Say,
) -> Ended:
    """Its output goes to `say` line by line, both streams in one. What it leaves running is ended with it.

    Raises OSError where it cannot be started. Cancelled, it is asked to end and then ended.
    """
    with _orphans_adopted():
        before = _children()
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=DEVNULL,
                stdout=writing,
                stderr=writing,
                env=environment,
                start_new_session=True,
                preexec_fn=_becoming(identity, folder, root),
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        output = _Output(say)
        following = asyncio.create_task(output.follow(reading))
        try:
            status = await process.wait()
        finally:
            await child.end(process, _GRACE)
            await _end_orphans(before)
            await asyncio.wait((following,))
        return Ended(status, output.last)


class _Output:
    def __init__(self, say: Say) -> None:
        self._say = say
        self._lines: deque[str] = deque(maxlen=_LAST)

    @property
    def last(self) -> tuple[str, ...]:
        return tuple(self._lines)

    async def follow(self, descriptor: int) -> None:
        """Until the last writer has closed the pipe."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
        )
        rest = b""
        try:
            while piece := await reader.read(_PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                if len(rest) > _LONGEST:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._tell(line)
            if rest:
                self._tell(rest)
        finally:
            transport.close()

    def _tell(self, line: bytes) -> None:
        """A line that was written over and over (a bar of progress) is told as it was at last."""
        text = line.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
        self._lines.append(text)
        self._say(text)


def _becoming(identity: Identity, folder: str, root: str) -> Callable[[], None]:
    """What the child does before it becomes the program."""
    with_us = child.dies_with_us()

    def become() -> None:
        if root != "/":
            os.chroot(root)
        os.chdir(folder)
        os.umask(0o022)
        os.setgroups(identity.groups)
        os.setgid(identity.gid)
        os.setuid(identity.uid)
        if with_us:
            with_us()  # the kernel forgets it where the user changes

    return become


@contextlib.contextmanager
def _orphans_adopted() -> Iterator[None]:
    """What a program has started and left becomes our child when it ends, so that it is found (prctl(2))."""
    library, before = ctypes.CDLL(None, use_errno=True), ctypes.c_int()
    library.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)


async def _end_orphans(before: frozenset[int]) -> None:
    """Each that is ended may leave children of its own to us."""
    for _ in range(_ROUNDS):
        left = _children() - before
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
        await asyncio.sleep(_ROUND)


def _children() -> frozenset[int]:
    """By the parent that each process of the machine, or the container, names (proc_pid_stat(5))."""
    own, found = str(os.getpid()), set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (folder / "stat").read_text(errors="replace")
                if stat.rpartition(")")[2].split()[1] == own:
                    found.add(int(folder.name))
    return frozenset(found)
