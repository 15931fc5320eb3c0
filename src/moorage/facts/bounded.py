"""Reads small files of a project: a pipe, a device or gibibytes in their place must not hold anybody up."""

# No pathlib: an unchanged `up` reads its configuration through here.

from __future__ import annotations

import errno
import os
import stat

from moorage.errors import ConfigurationError

LARGEST = 16 << 20
_CHUNK = 1 << 20


class NotAFile(ConfigurationError):
    """A pipe, a socket or a device stands in the place of a file; reading it might never end."""

    code = "not-a-file"


class FileTooLarge(ConfigurationError):
    """A file that people write by hand has more bytes than any of them would write."""

    code = "file-too-large"


def read(path: str, largest: int = LARGEST) -> bytes:
    """The content of a regular file of at most `largest` bytes.

    Raises NotAFile, FileTooLarge, and OSError as `open` does (IsADirectoryError for a folder).
    """
    # Without O_NONBLOCK a pipe is waited for until somebody writes into it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check(path, os.fstat(handle).st_mode)
        return _all(handle, path, largest)
    finally:
        os.close(handle)


def check(path: str) -> None:
    """Raises NotAFile. For what another program will read; one that is not there is left to it."""
    try:
        _check(path, os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        return


def _check(path: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(mode):
        raise NotAFile(
            f"{path} is a pipe, a socket or a device, where a file should be.",
            hint="Put a file there, or name another.",
        )


def _all(handle: int, path: str, largest: int) -> bytes:
    """Some files have no size (/proc), so that only reading tells."""
    data = bytearray()
    while chunk := os.read(handle, _CHUNK):
        data += chunk
        if len(data) > largest:
            raise FileTooLarge(
                f"{path} has more than {largest >> 20} MiB.",
                hint="Put something shorter there, or name another.",
            )
    return bytes(data)
