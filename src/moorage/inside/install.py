"""Copies the runtime into a folder that another container will have at its own place.

A part counts as there only when its file in `parts/` is, and those come last: a copy that was cut off is made
again. Of several at the same time one copies, and the others wait.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moorage.inside.environment import ROOT

PARTS = "parts"
_STAGING = ".copying"
_NOT_OURS = "lost+found"


def install(target: str, source: str = ROOT) -> str:
    """Say in a sentence what was done. Raises OSError.

    `target` becomes what `source` is, so it has to be meant for the runtime alone.
    """
    here, there = Path(source), Path(target)
    there.mkdir(parents=True, exist_ok=True)
    with _alone(there):
        if _parts(there) == _parts(here):
            return f"The runtime is in {target} already."
        _clear(there)
        _copy(here, there)
    return f"The runtime is in {target}."


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A lock on the folder itself, which leaves no file and ends with the process (flock(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _parts(root: Path) -> dict[str, bytes]:
    try:
        return {each.name: each.read_bytes() for each in (root / PARTS).iterdir()}
    except FileNotFoundError:
        return {}


def _clear(there: Path) -> None:
    """Another version, or the rest of a copy; first what says that it is whole."""
    for entry in sorted(there.iterdir(), key=_order, reverse=True):
        if entry.name == _NOT_OURS:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _copy(here: Path, there: Path) -> None:
    staging = there / _STAGING
    shutil.copytree(here, staging, symlinks=True)
    for entry in sorted(staging.iterdir(), key=_order):
        entry.rename(there / entry.name)
    staging.rmdir()


def _order(entry: Path) -> tuple[bool, str]:
    return entry.name == PARTS, entry.name
