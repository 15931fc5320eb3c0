"""One run of the command line, killed with SIGKILL after its n-th event or after a time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from tests.outside import Cli

MARK = "MOORAGE_FAULT"
"""A variable of the client's environment, by which whatever it started on this machine is found again."""

Victim = Literal["client", "group"]


class Interrupted(NamedTuple):
    """`events` that were seen; `code` is -9 where the kill came before the end."""

    events: list[dict[str, Any]]
    code: int
    seconds: float

    @property
    def cut_off(self) -> bool:
        return self.code == -signal.SIGKILL


def kill_after_event(cli: Cli, victim: Victim, number: int, mark: str, *arguments: str | Path) -> Interrupted:
    """Kill as soon as event `number` (from 1) was read; a run with fewer events ends by itself."""
    started = time.monotonic()
    process = _start(cli, mark, *arguments)
    events = []
    for event in _events(process.stderr):
        events.append(event)
        if len(events) == number:
            _kill(process, victim)
            break
    return Interrupted(events, _ended(process), time.monotonic() - started)


def kill_after_time(
    cli: Cli, victim: Victim, seconds: float, mark: str, *arguments: str | Path
) -> Interrupted:
    """Kill when so much time has passed, wherever the run is then."""
    started = time.monotonic()
    process = _start(cli, mark, *arguments)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    _kill(process, victim)
    return Interrupted([], _ended(process), time.monotonic() - started)


def left_running(mark: str, patience: float = 8) -> list[str]:
    """Command lines of processes on this machine that the client started, once they had time to end."""
    deadline = time.monotonic() + patience
    while (found := list(_marked(mark))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _start(cli: Cli, mark: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return cli.start(*arguments, "--log-format", "json", env={MARK: mark})


def _events(stream: IO[str] | None) -> Iterator[dict[str, Any]]:
    assert stream is not None
    for line in stream:
        with contextlib.suppress(json.JSONDecodeError):
            yield json.loads(line)


def _kill(process: subprocess.Popen[str], victim: Victim) -> None:
    with contextlib.suppress(ProcessLookupError):
        if victim == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)


def _ended(process: subprocess.Popen[str]) -> int:
    code = process.wait(timeout=60)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return code


def _marked(mark: str) -> Iterator[str]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                yield (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
