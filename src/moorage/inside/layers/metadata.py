"""Owner, mode, attributes and time of what was just written."""

from __future__ import annotations

import errno
import os

from moorage.inside.layers.entry import Entry

_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_OVERLAY = ("trusted.overlay.", "user.overlay.")
_NOT_HERE = (errno.EPERM, errno.EOPNOTSUPP, errno.EACCES)
_LINES = 50


class Left:
    """What could not be as the layer has it, told once each, and only the first of very many."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0

    def add(self, line: str) -> None:
        if len(self._lines) < _LINES:
            self._lines.append(line)
        else:
            self._more += 1

    @property
    def lines(self) -> tuple[str, ...]:
        return (*self._lines, *([f"and {self._more} more"] if self._more else []))


def dress_file(fd: int, entry: Entry, inherits: bool, left: Left) -> None:
    """A file that was just made: its maker's, with its group unless the folder `inherits` its own."""
    if inherits or entry.uid != os.geteuid() or entry.gid != os.getegid():
        os.fchown(fd, entry.uid, entry.gid)
    os.fchmod(fd, entry.mode)
    if entry.xattrs:
        _put(fd, entry, left)
    os.utime(fd, ns=(entry.mtime, entry.mtime))


def dress(fd: int, entry: Entry, left: Left) -> None:
    """A folder, whose time comes last of all."""
    os.fchown(fd, entry.uid, entry.gid)
    os.fchmod(fd, entry.mode)
    if entry.xattrs:
        _put(fd, entry, left)


def dress_other(folder: int, name: str, entry: Entry, left: Left) -> None:
    """A link, a device or a pipe: nothing of these is ever opened."""
    os.chown(name, entry.uid, entry.gid, dir_fd=folder, follow_symlinks=False)
    if entry.kind != "link":
        fd = os.open(name, _HANDLE, dir_fd=folder)
        try:
            os.chmod(f"/proc/self/fd/{fd}", entry.mode)  # noqa: PTH101 - no path, but what is open
        finally:
            os.close(fd)
    if entry.xattrs:
        _put(f"/proc/self/fd/{folder}/{name}", entry, left)
    os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=folder, follow_symlinks=False)


def _put(where: int | str, entry: Entry, left: Left) -> None:
    """An overlay's own attributes are never taken: they would say where else its files are."""
    for name, value in entry.xattrs.items():
        if name.startswith(_OVERLAY):
            left.add(f"/{entry.path} has the attribute {name}, which is left out")
            continue
        try:
            if isinstance(where, int):
                os.setxattr(where, name, value)
            else:
                os.setxattr(where, name, value, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            left.add(f"/{entry.path} is without its attribute {name}: {error.strerror}")
