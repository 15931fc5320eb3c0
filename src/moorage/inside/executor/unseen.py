"""What this process was given cannot be read in /proc by what it starts: an image's programs are root, too.

A process that is not dumpable shows memory, environment and open files only to those who may trace anything
(CAP_SYS_PTRACE, which containers have not by default); the environment that it was started with is wiped.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_PR_SET_DUMPABLE = 4
_ENVIRONMENT = (49, 50)  # env_start and env_end in proc_pid_stat(5), which counts from 1


def hide() -> None:
    """To be called before the first program of the image is started. `os.environ` stays as it is."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = (int(fields[index - 2]) for index in _ENVIRONMENT)  # pid and name are cut off
    if not 0 < start < end:
        return  # the kernel does not say
    variables = dict(os.environ)
    for name in variables:
        os.unsetenv(name)  # libraries look there, and must not find what is no text any more
    ctypes.memset(start, 0, end - start)
    for name, value in variables.items():
        os.putenv(name, value)
