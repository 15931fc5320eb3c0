"""Folders that only we can enter, with our process in their name: by it those of killed runs are found."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping


def name(prefix: str, size: int = 4) -> str:
    """A name that no other process, and no other call, takes; `size` bytes of it are random."""
    return f"{prefix}{os.getpid()}-{os.urandom(size).hex()}"


def abandoned(place: str, prefix: str) -> Iterator[str]:
    """Paths of our own that processes have left which live no more."""
    for found in os.listdir(place):  # noqa: PTH208 - pathlib takes longer to load than this to run
        if not found.startswith(prefix):
            continue
        owner, path = found.removeprefix(prefix).partition("-")[0], f"{place}/{found}"
        with contextlib.suppress(OSError):
            if owner.isdecimal() and not lives(int(owner)) and os.lstat(path).st_uid == os.getuid():
                yield path


def runtime(environ: Mapping[str, str]) -> str:
    """Where sockets belong: the user's runtime folder where there is one."""
    folder = environ.get("XDG_RUNTIME_DIR", "")
    return folder if folder and os.access(folder, os.W_OK) else "/tmp"  # noqa: S108 - what we make there is ours alone


def lives(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
