"""A local folder as a tar stream, as it is: modes, times, links, empty folders; without what is ignored."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from moorage.dockerfile.ignore import Ignore, read
from moorage.errors import SourceError
from moorage.facts import bounded

IGNORE_FILE = ".moorageignore"
"""In the folder itself, written like a .dockerignore: what is not to be uploaded."""

Told = Callable[[int, int], None]
_CHUNK = 1 << 20


class FolderChanged(SourceError):
    """A file of the folder changed while it was sent."""

    code = "folder-changed"


class FileUnreadable(SourceError):
    """A file of the folder may not be read by this user."""

    code = "file-unreadable"


def ignore(folder: str) -> Ignore:
    """The rules of the folder's own ignore file. Raises BrokenIgnoreFile."""
    try:
        text = bounded.read(f"{folder}/{IGNORE_FILE}").decode(errors="surrogateescape")
        return read(text, IGNORE_FILE)
    except FileNotFoundError:
        return Ignore()


def archive(folder: str, rules: Ignore, last: str, told: Told = lambda files, size: None) -> Iterator[bytes]:
    """Chunks of at most 1 MiB. `last` is the name of an empty file that ends it: without it, it is not whole.

    `told` hears files and bytes so far. Raises FolderChanged, FileUnreadable.
    """
    count = size = 0
    for path, found in members(folder, rules):
        yield from _member(path, f"{folder}/{path}", found)
        count, size = count + 1, size + found.st_size
        told(count, size)
    yield tarfile.TarInfo(last).tobuf(tarfile.PAX_FORMAT) + bytes(2 * tarfile.BLOCKSIZE)


def members(folder: str, rules: Ignore) -> Iterator[tuple[str, os.stat_result]]:
    """Paths relative to the folder, each folder before what is in it. Sockets and devices are left out."""
    pending = [""]
    while pending:
        below = pending.pop()
        for entry in _listed(f"{folder}/{below}"):
            path = f"{below}{entry.name}"
            ignored = bool(rules) and rules.ignores(path)
            if entry.is_dir(follow_symlinks=False) and not (ignored and rules.prunes(path)):
                pending.append(f"{path}/")
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if not ignored and stat.S_IFMT(found.st_mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                yield path, found


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except PermissionError as error:
        raise _unreadable(folder) from error
    except FileNotFoundError as error:
        raise _changed(folder) from error


def _member(name: str, path: str, found: os.stat_result) -> Iterator[bytes]:
    """The header, and for a file as many bytes as its header says."""
    head = tarfile.TarInfo(name)
    head.mode, head.mtime = stat.S_IMODE(found.st_mode), int(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        head.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(found.st_mode):
        head.type, head.linkname = tarfile.SYMTYPE, os.readlink(path)  # noqa: PTH115
    else:
        head.size = found.st_size
    yield head.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")
    if head.isreg():
        yield from _content(path, head.size)


def _content(path: str, size: int) -> Iterator[bytes]:
    try:
        with Path(path).open("rb") as file:
            left = size
            while left:
                chunk = file.read(min(left, _CHUNK))
                if not chunk:
                    raise _changed(path)
                left -= len(chunk)
                yield chunk
    except PermissionError as error:
        raise _unreadable(path) from error
    except FileNotFoundError as error:
        raise _changed(path) from error
    if padding := -size % tarfile.BLOCKSIZE:
        yield bytes(padding)


def _changed(path: str) -> FolderChanged:
    return FolderChanged(
        "The folder changed while it was uploaded.",
        evidence=(path,),
        hint=f"Run the command again; leave out what changes all the time with {IGNORE_FILE}.",
    )


def _unreadable(path: str) -> FileUnreadable:
    return FileUnreadable(
        "A part of the folder cannot be read.",
        evidence=(path,),
        hint=f"Change its permissions, or leave it out with {IGNORE_FILE}.",
    )
