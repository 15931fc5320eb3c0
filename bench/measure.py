"""One command as a user starts it: its time by the wall clock, and the memory of its largest process."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

NOTHING = Path(os.devnull)


class Failed(Exception):
    """A measured command did not succeed; its numbers would mean nothing."""


class Sample(NamedTuple):
    """``seconds`` from start to end; ``megabytes`` of resident memory at the peak of the largest process."""

    seconds: float
    megabytes: float


class Spread(NamedTuple):
    """Median, least and greatest of several values."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Sample:
    """Run to the end. Raises Failed with the end of its output.

    wait4(2) counts the process and all that it started and waited for. The engine's own work is in the time
    but not in the memory. Linux carries this process's own peak over the fork: the floor of all numbers.
    """
    with tempfile.TemporaryFile() as output, NOTHING.open("rb") as nothing:
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdin=nothing, stdout=output, stderr=subprocess.STDOUT, env=dict(environment)
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            tail = output.read().decode(errors="replace").splitlines()[-20:]
            raise Failed(f"{' '.join(command)} exited with {process.returncode}:\n" + "\n".join(tail))
    return Sample(seconds, usage.ru_maxrss / 1024)
