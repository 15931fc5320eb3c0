"""Ends git's whole process group when we are gone, however we went.

A signal at our death from the kernel (PR_SET_PDEATHSIG) reaches git alone: git-remote-https, two processes
further down, would wait for its server as long as that is silent. So the group has a watcher that reads a
pipe of which only we hold the other end.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

# $0 is the pipe's number. The shell becomes the program itself, under the same process id; the watcher in its
# group stays. A line says that all is well, the end of the pipe that nobody waits for the program any more.
_WATCHED = """
( trap '' TERM; read -r _ || { kill -TERM 0; sleep 2; kill -KILL 0; } ) <"/dev/fd/$0" >/dev/null 2>&1 &
exec "$@"
"""


class Lifeline:
    """Our end of the pipe. The program must be started in a session of its own, and inherit `theirs`."""

    def __init__(self, theirs: int, ours: int) -> None:
        self.theirs = theirs
        self._ours = ours

    def command(self, *arguments: str) -> tuple[str, ...]:
        """How the program is started."""
        return ("/bin/sh", "-c", _WATCHED, str(self.theirs), *arguments)

    def release(self) -> None:
        """The program has ended: nothing of its group needs to be ended for it."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._ours, b"\n")


@contextlib.contextmanager
def lifeline() -> Iterator[Lifeline]:
    """For one run of a program; whatever of its group is left where it was not released is ended."""
    theirs, ours = os.pipe()  # neither is inherited unless asked for
    try:
        yield Lifeline(theirs, ours)
    finally:
        os.close(theirs)
        os.close(ours)
