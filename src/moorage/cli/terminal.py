"""The user's terminal while it is lent to a process in a workspace. Only loaded where there is one."""

from __future__ import annotations

import asyncio
import os
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from moorage.drivers.base import Process


@contextmanager
def raw() -> Iterator[None]:
    """Every key goes to the process as it is; the terminal is put back whatever happens."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


async def follow_size(process: Process) -> None:
    """Tell the process the size of our window, now and whenever it changes, until cancelled."""
    changed = asyncio.Event()
    changed.set()
    asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, changed.set)
    while True:
        await changed.wait()
        changed.clear()
        size = os.get_terminal_size(0)
        await process.resize(size.columns, size.lines)
