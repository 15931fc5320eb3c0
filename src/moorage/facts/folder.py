"""A local folder as a tar stream, as it is: modes, times, links, empty folders; without what is ignored."""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from moorage.dockerfile.ignore import Ignore, read
from moorage.errors import SourceError
from moorage.facts import bounded
from moorage.spec import manifest

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
    """Chunks of at most 1 MiB. `last` is the name of a file that ends it: without it, it is not whole.

    That file is the manifest of what was sent. `told` hears files and bytes so far. Raises FolderChanged,
    FileUnreadable.
    """
    words: dict[str, str] = {}
    yield from sent(folder, members(folder, rules), words, told)
    yield from packed(last, manifest.encode(words))
    yield bytes(2 * tarfile.BLOCKSIZE)


def sent(
    folder: str,
    found: Iterable[tuple[str, os.stat_result]],
    words: dict[str, str],
    told: Told = lambda files, size: None,
    below: str = "",
) -> Iterator[bytes]:
    """Members of an archive, named with `below` before; `words` gets what each was as it was sent.

    Raises FolderChanged, FileUnreadable.
    """
    size = 0
    for count, (path, look) in enumerate(found, 1):
        yield from _member(below + path, f"{folder}/{path}", look, words, path)
        size += look.st_size
        told(count, size)


def looked(folder: str, paths: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    """These paths as `sent` takes them. Raises FolderChanged where one is gone."""
    for path in paths:
        try:
            yield path, os.lstat(f"{folder}/{path}")
        except FileNotFoundError as error:
            raise _changed(f"{folder}/{path}") from error


def packed(name: str, data: bytes) -> Iterator[bytes]:
    """One file of an archive from memory."""
    head = tarfile.TarInfo(name)
    head.size = len(data)
    yield head.tobuf(tarfile.PAX_FORMAT)
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]
    if padding := -len(data) % tarfile.BLOCKSIZE:
        yield bytes(padding)


def word(path: str, found: os.stat_result) -> str:
    """What is at this path, as manifests have it; reads all of a file. Raises as `sent`."""
    if stat.S_ISDIR(found.st_mode):
        return manifest.FOLDER
    if stat.S_ISLNK(found.st_mode):
        return manifest.LINK + os.readlink(path)  # noqa: PTH115
    digest = sha256()
    for chunk in _content(path, None):
        digest.update(chunk)
    return _kind(found.st_mode) + digest.hexdigest()


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


def _member(name: str, path: str, found: os.stat_result, words: dict[str, str], key: str) -> Iterator[bytes]:
    """The header, and for a file as many bytes as its header says."""
    head = tarfile.TarInfo(name)
    head.mode, head.mtime = stat.S_IMODE(found.st_mode), int(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        head.type, words[key] = tarfile.DIRTYPE, manifest.FOLDER
    elif stat.S_ISLNK(found.st_mode):
        head.type, head.linkname = tarfile.SYMTYPE, os.readlink(path)  # noqa: PTH115
        words[key] = manifest.LINK + head.linkname
    else:
        head.size = found.st_size
    yield head.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")
    if head.isreg():
        digest = sha256()
        for chunk in _content(path, head.size):
            digest.update(chunk)
            yield chunk
        words[key] = _kind(found.st_mode) + digest.hexdigest()
        if padding := -head.size % tarfile.BLOCKSIZE:
            yield bytes(padding)


def _kind(mode: int) -> str:
    return manifest.PROGRAM if mode & 0o111 else manifest.FILE


def _content(path: str, size: int | None) -> Iterator[bytes]:
    """So many bytes of a file, or all of it; what has come into a file's place meanwhile holds nobody up."""
    left = size
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            while left is None or left:
                chunk = file.read(_CHUNK if left is None else min(left, _CHUNK))
                if not chunk:
                    if left is None:
                        return
                    raise _changed(path)
                left = left - len(chunk) if left is not None else None
                yield chunk
    except PermissionError as error:
        raise _unreadable(path) from error
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.ENOTDIR):
            raise
        raise _changed(path) from error


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
