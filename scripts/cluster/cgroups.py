"""The cgroups of a node: kubelet keeps everything below one of ours, so that nothing is mistaken for it."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
SECONDS_TO_DIE = 15


def make(name: str) -> None:
    """A cgroup ``name`` in every hierarchy; kubelet wants it to be there."""
    for hierarchy in _hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        for limit in ("cpuset.cpus", "cpuset.mems"):
            # Version 1 begins empty and lets nobody in.
            if (hierarchy / "tasks").exists() and (group / limit).exists():
                (group / limit).write_text((hierarchy / limit).read_text())


def remove(name: str) -> None:
    """End whatever is left in ``name`` and remove it with all below."""
    limit = time.monotonic() + SECONDS_TO_DIE
    while left := [group for hierarchy in _hierarchies() for group in _below(hierarchy / name)]:
        for group in left:
            _end(group)
            with contextlib.suppress(OSError):
                group.rmdir()
        if time.monotonic() > limit:
            return
        time.sleep(0.02)


def _hierarchies() -> Iterator[Path]:
    """The one of version 2, or all of version 1 and the empty second one beside them."""
    if (ROOT / "cgroup.controllers").exists():
        yield ROOT
        return
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_dir() and not path.is_symlink())


def _below(group: Path) -> list[Path]:
    """``group`` and its descendants, leaves first."""
    return [Path(folder) for folder, _, _ in os.walk(group, topdown=False)]


def _end(group: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
