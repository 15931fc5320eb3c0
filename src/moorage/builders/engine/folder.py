"""Temporary folders of builds, ours alone; those of killed runs are found by the process in their name.

tempfile and shutil take longer to load than this to run, so they are only fallen back on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from moorage.private import abandoned, name

_PREFIX = "moorage-build-"


@contextlib.contextmanager
def private_folder() -> Iterator[str]:
    """A temporary folder, with what killed runs have left of theirs removed."""
    sweep()
    folder = f"{_place()}/{name(_PREFIX, size=8)}"
    os.mkdir(folder, 0o700)  # noqa: PTH102
    try:
        yield folder
    finally:
        _remove(folder)


def sweep() -> None:
    """Remove the folders of runs that were killed."""
    for path in abandoned(_place(), _PREFIX):
        _remove(path)


def _place() -> str:
    named = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108  # the folder in it is ours alone
    if os.path.isdir(named) and os.access(named, os.W_OK | os.X_OK):  # noqa: PTH112
        return os.path.abspath(named)  # noqa: PTH100
    import tempfile

    return tempfile.gettempdir()


def _remove(folder: str) -> None:
    try:
        for found in os.listdir(folder):  # noqa: PTH208
            os.unlink(f"{folder}/{found}")  # noqa: PTH108
        os.rmdir(folder)  # noqa: PTH106
    except OSError:  # it holds an unpacked context
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
