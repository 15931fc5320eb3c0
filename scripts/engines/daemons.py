"""Background processes with a pid file and a log: started once, awaited, ended exactly."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .phase import Failed


@dataclass(frozen=True)
class Daemon:
    """One background process; ``folder`` holds its pid file and log."""

    name: str
    folder: Path
    command: Sequence[str]
    env: Mapping[str, str]

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"


def ensure(daemon: Daemon, ready: Callable[[], bool], deadline: float = 60) -> None:
    """Start ``daemon`` unless it runs, and wait until it is ready; raises :class:`Failed` with its log."""
    if running(daemon.folder, daemon.name) is None:
        _start(daemon)
    limit = time.monotonic() + deadline
    while not ready():
        if running(daemon.folder, daemon.name) is None or time.monotonic() > limit:
            tail = "\n".join(daemon.log.read_text(errors="replace").splitlines()[-25:])
            raise Failed(f"{daemon.name} did not become ready:\n{tail}")
        time.sleep(0.1)


def running(folder: Path, name: str) -> int | None:
    """The process id from the pid file, if that very process still lives."""
    try:
        record = json.loads((folder / f"{name}.pid").read_text())
    except (OSError, ValueError):
        return None
    pid = int(record["pid"])
    return pid if _started(pid) == record["started"] else None


def stop(folder: Path, name: str, grace: float = 20) -> None:
    """End the process of the pid file: politely, then for good."""
    pid = running(folder, name)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        if not _gone(folder, name, grace):
            os.kill(pid, signal.SIGKILL)
            _gone(folder, name, 5)
    (folder / f"{name}.pid").unlink(missing_ok=True)


def _start(daemon: Daemon) -> None:
    daemon.folder.mkdir(parents=True, exist_ok=True)
    with daemon.log.open("ab") as log:
        process = subprocess.Popen(
            daemon.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env={**os.environ, **daemon.env},
        )
    process.returncode = 0  # It outlives us: nobody waits for it, and Popen must not complain.
    record = {"pid": process.pid, "started": _started(process.pid)}
    (daemon.folder / f"{daemon.name}.pid").write_text(json.dumps(record))


def _started(pid: int) -> str | None:
    """The kernel's start time of a live process: tells it from a later one with the same id."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _gone(folder: Path, name: str, limit: float) -> bool:
    end = time.monotonic() + limit
    while running(folder, name) is not None:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
