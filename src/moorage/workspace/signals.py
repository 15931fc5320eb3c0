"""Sends a signal to a command inside a workspace, which engines have no call for.

The command is found by a variable in its environment: a second command looks through /proc. Nothing is put
around commands for this, so those that get no signal pay nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from moorage.drivers.base import Inside
from moorage.errors import EngineError

MARK = "MOORAGE_EXEC"
_WITHIN = 20.0

_SEND = r"""
found=" $(grep -l "$1" /proc/[0-9]*/environ 2>/dev/null | tr -c 0-9 ' ') "
for pid in $found; do
  while read -r name value; do [ "$name" != PPid: ] || break; done <"/proc/$pid/status" || continue
  case $found in
  *" $value "*) ;;
  *) kill -s "$2" -- "-$pid" 2>/dev/null || kill -s "$2" "$pid" ;;
  esac
done
"""


def mark() -> dict[str, str]:
    """The variable by which one command is found again."""
    return {MARK: os.urandom(12).hex()}


async def send(inside: Inside, number_name: str, marked: str, *, user: str) -> None:
    """The signal ("INT", "TERM") to the marked command and all of its process group.

    As the same user, who alone may read its environment. Nothing happens where it has ended, or where the
    image has no shell.
    """
    argv = ("/bin/sh", "-c", _SEND, "moorage", f"{MARK}={marked}", number_name)
    with contextlib.suppress(EngineError, TimeoutError):
        async with asyncio.timeout(_WITHIN):
            process = await inside.run(argv, user=user, folder="/")
            try:
                await process.wait()
            finally:
                await process.close()
