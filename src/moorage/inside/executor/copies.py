"""A folder copied with all that its files are: owners, modes, attributes, times, hard links, holes, devices.

Below folders that nobody else writes meanwhile: finished stages, caches. Nothing follows a link.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Collection

_PIECE = 1 << 30
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_HERE = (errno.EPERM, errno.EOPNOTSUPP, errno.EACCES)

Links = dict[tuple[int, int], str]
"""Where the first name of a file with several was copied to, by device and number of its node."""


def copy(source: str, target: str, links: Links | None = None) -> None:
    """One file or folder to a name that is free. Blocking. Raises OSError."""
    known = {} if links is None else links
    seen = os.lstat(source)
    if stat.S_ISDIR(seen.st_mode):
        os.mkdir(target, 0o700)  # noqa: PTH102 - strings all the way: many files
        copy_into(source, target, known)
    elif seen.st_nlink > 1 and (first := known.get((seen.st_dev, seen.st_ino))):
        os.link(first, target, follow_symlinks=False)
    else:
        known[seen.st_dev, seen.st_ino] = target
        _copy_one(source, target, seen)


def copy_into(
    source: str, target: str, links: Links | None = None, without: Collection[str] = (), path: str = ""
) -> None:
    """What is in a folder, into one that is there, which then is as the first one. `without` are paths below
    it that are left out; `path` is where the folder itself is among them.
    """
    known = {} if links is None else links
    for name in os.listdir(source):  # noqa: PTH208
        below = f"{path}/{name}" if path else name
        if below in without:
            continue
        here, there = f"{source}/{name}", f"{target}/{name}"
        if any(each.startswith(f"{below}/") for each in without) and _is_folder(here):
            with contextlib.suppress(FileExistsError):
                os.mkdir(there, 0o700)  # noqa: PTH102
            copy_into(here, there, known, without, below)
        else:
            copy(here, there, known)
    dress(source, target)


def dress(source: str, target: str, seen: os.stat_result | None = None) -> None:
    """Owner, mode, attributes and time of one, as they are of the other, or as it was `seen`."""
    seen = seen or os.lstat(source)
    os.chown(target, seen.st_uid, seen.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(seen.st_mode):
        os.chmod(target, stat.S_IMODE(seen.st_mode))  # noqa: PTH101
    for name in os.listxattr(source, follow_symlinks=False):
        try:
            os.setxattr(target, name, os.getxattr(source, name, follow_symlinks=False), follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
    os.utime(target, ns=(seen.st_atime_ns, seen.st_mtime_ns), follow_symlinks=False)


def remove(path: str) -> None:
    """Take away whatever has this name, if anything has. Blocking."""
    if _is_folder(path):
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108


def move(source: str, target: str) -> None:
    """By a new name where both are on one file system, else by a copy. Blocking. Raises OSError."""
    try:
        os.rename(source, target)  # noqa: PTH104
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(source, target)
        remove(source)


def _copy_one(source: str, target: str, seen: os.stat_result) -> None:
    if stat.S_ISLNK(seen.st_mode):
        os.symlink(os.readlink(source), target)  # noqa: PTH115, PTH211
    elif stat.S_ISREG(seen.st_mode):
        _copy_content(source, target)
    elif stat.S_ISSOCK(seen.st_mode):
        return  # nobody listens at it any more
    else:
        os.mknod(target, seen.st_mode, seen.st_rdev)
    dress(source, target)


def _copy_content(source: str, target: str) -> None:
    """Holes stay holes."""
    here = os.open(source, _READ)
    try:
        there = os.open(target, _NEW, 0o600)
        try:
            size = os.fstat(here).st_size
            os.ftruncate(there, size)
            at = 0
            while at < size:
                try:
                    start = os.lseek(here, at, os.SEEK_DATA)
                except OSError as error:
                    if error.errno == errno.ENXIO:
                        return
                    raise
                at = os.lseek(here, start, os.SEEK_HOLE)
                _copy_range(here, there, start, at)
        finally:
            os.close(there)
    finally:
        os.close(here)


def _copy_range(here: int, there: int, start: int, end: int) -> None:
    os.lseek(there, start, os.SEEK_SET)
    while start < end:
        done = os.sendfile(there, here, start, min(_PIECE, end - start))
        if not done:
            return
        start += done


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
