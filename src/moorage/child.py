"""How a program that we have started ends: with us, and with all that it has started itself.

Each is started in a session of its own (`start_new_session=True`), so that its group is ended as a whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_LAST = 2.0
"""Seconds that a group which was killed has to be gone."""


async def end(child: asyncio.subprocess.Process, grace: float) -> None:
    """Ask the whole group to end, and end it where it has not within `grace` seconds.

    One wait from the beginning to the end: a program that has ended while a child of it still holds its pipes
    is waited for until they are closed, or they would stay open after us. That is not for ever: a pipe that
    nobody reads, or that a daemon has inherited, may have no end.
    """
    if child.returncode is not None:
        return
    ended = asyncio.ensure_future(child.wait())
    signal_group(child, signal.SIGTERM)
    try:
        await asyncio.wait((ended,), timeout=grace)
    finally:
        signal_group(child, signal.SIGKILL)
        await asyncio.shield(asyncio.wait((ended,), timeout=_LAST))
        ended.cancel()


def signal_group(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """A group that has ended already, or that is not ours any more, is left alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def dies_with_us(number: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """What a child does before it becomes the program: ask the kernel for this signal when we die.

    prctl(2) PR_SET_PDEATHSIG, which only Linux has; elsewhere (None) it goes on to its end or to its next
    write into our pipes. It means the program itself: what that starts must watch its own pipes.
    """
    if sys.platform != "linux":
        return None
    import ctypes  # only where a program is started

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # we died before it could ask
            os._exit(1)

    return ask_for_signal
