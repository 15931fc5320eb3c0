"""The bytes of one file into another, in pieces, by the kernel where it can; holes stay holes."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

_AT_ONCE = 64 << 20
_PIECE = 1 << 20
_NOT_HERE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF, errno.EIO)


def copy_content(read: int, write: int, size: int) -> Iterator[int]:
    """Gives where it is after each piece, so that whoever asks can stop in between. Raises OSError."""
    os.ftruncate(write, size)
    at = 0
    while at < size:
        try:
            start = os.lseek(read, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole to the end
                return
            raise
        end = min(os.lseek(read, start, os.SEEK_HOLE), size)
        for at in _copied(read, write, start, end):
            yield at
        at = end


def _copied(read: int, write: int, at: int, end: int) -> Iterator[int]:
    while at < end:
        try:
            done = os.copy_file_range(read, write, min(_AT_ONCE, end - at), at, at)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            done = _by_hand(read, write, at, end)
        if not done:
            done = _by_hand(read, write, at, end)  # some file systems copy nothing and say nothing
        if not done:
            return  # the file is shorter by now
        at += done
        yield at


def _by_hand(read: int, write: int, at: int, end: int) -> int:
    piece = os.pread(read, min(_PIECE, end - at), at)
    done = 0
    while done < len(piece):
        done += os.pwrite(write, piece[done:], at + done)
    return done
