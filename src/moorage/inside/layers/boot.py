"""What a disk surely has: a machine that loses power may keep a file's name and lose what is in it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
SETTLED = ""


def boot() -> str:
    """This start of the machine. What was written in it can be read in it, whether the disk has it or not."""
    return _BOOT.read_text().strip()


def is_there(written: str) -> bool:
    """Whether bytes can be relied on that were written in this boot, or synced then (SETTLED)."""
    return written in (SETTLED, boot())


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file as a whole: after a loss of power it is the old one or the new one."""
    fd, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
