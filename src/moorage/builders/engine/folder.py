"""Temporary folders of builds, ours alone; those of killed runs are found by the process in their name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "moorage-build-"


@contextlib.contextmanager
def private_folder() -> Iterator[str]:
    """A temporary folder, with what killed runs have left of theirs removed."""
    import tempfile  # only where a build needs files

    sweep()
    prefix = f"{_PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield folder


def sweep() -> None:
    """Remove the folders of runs that were killed."""
    import shutil  # as above
    import tempfile

    for entry in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = entry.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdecimal() and not _lives(int(owner)) and entry.lstat().st_uid == os.getuid():
                shutil.rmtree(entry)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
