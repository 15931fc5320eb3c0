"""Running commands and telling how long each phase took."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class Failed(Exception):
    """A command of the set-up failed; the message carries the end of its output."""


@contextmanager
def phase(title: str) -> Iterator[None]:
    """Say on standard error what is going on and, when it took a while, how long."""
    start = time.monotonic()
    yield
    seconds = time.monotonic() - start
    if seconds > 0.5:
        print(f"engines: {title}: {seconds:.1f} s", file=sys.stderr, flush=True)


def run(
    command: Sequence[str],
    *,
    sudo: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: Path | None = None,
    timeout: float = 1800,
) -> str:
    """Standard output of ``command``; raises :class:`Failed` with its last lines otherwise."""
    if shutil.which(command[0]) is None:
        raise Failed(f"{command[0]} is not installed.")
    words = [*(["sudo", "-E"] if sudo and os.geteuid() else []), *command]
    with (stdin or Path(os.devnull)).open("rb") as feed:
        done = subprocess.run(
            words,
            stdin=feed,
            capture_output=True,
            text=True,
            cwd=cwd,
            timeout=timeout,
            env={**os.environ, **(env or {})},
        )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise Failed(f"{' '.join(words[:6])} … exited with {done.returncode}:\n{tail}")
    return done.stdout


def succeeds(command: Sequence[str], *, timeout: float = 30) -> bool:
    """Whether ``command`` exits with 0 in time; its output does not matter."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
