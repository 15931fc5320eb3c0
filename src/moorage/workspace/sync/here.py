"""This machine's side of a copy: what is in the folder, and files that come into it.

Nothing that comes is followed anywhere: each folder on the way is opened by its own name, no link among them,
and each file is written beside its place and renamed once its digest is what was promised.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from hashlib import sha256

import msgspec

from moorage.dockerfile.ignore import Ignore
from moorage.facts.folder import Told, members, word
from moorage.spec import manifest

_PARTIAL = ".moorage-partial."
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Look = tuple[int, int, int, int]
"""Inode, size, and both times in nanoseconds: as long as they stay, so does the file."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the folder: manifest's words, and how each path looked."""

    words: dict[str, str]
    looks: dict[str, Look]


class NotTaken(Exception):
    """A path of the folder was left as it is; the text says why."""


def scan(folder: str, rules: Ignore, wanted: Callable[[str], bool], told: Told) -> Scan:
    """All that is wanted and not ignored. Blocking. Raises FolderChanged, FileUnreadable."""
    words: dict[str, str] = {}
    looks: dict[str, Look] = {}
    size = 0
    for path, found in members(folder, rules):
        if not wanted(path) or path.rpartition("/")[2].startswith(_PARTIAL):
            continue
        words[path], looks[path] = word(f"{folder}/{path}", found), look(found)
        size += found.st_size
        told(len(words), size)
    return Scan(words=words, looks=looks)


def look(found: os.stat_result) -> Look:
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class Landing:
    """Where files come in. Each method raises NotTaken where something is not as it was scanned."""

    def __init__(self, folder: str, seen: Scan) -> None:
        self._folder = folder
        self._seen = seen

    def file(self, path: str, promised: str, data: Iterator[bytes]) -> None:
        """`promised` is the word that the data have to come to."""
        with self._beside(path) as (parent, name, partial):
            digest = sha256()
            with os.fdopen(os.open(partial, _NEW, 0o666, dir_fd=parent), "wb") as file:
                for chunk in data:
                    digest.update(chunk)
                    file.write(chunk)
                now = os.fstat(file.fileno()).st_mode
                os.fchmod(file.fileno(), self._mode(parent, name, now, promised[0] == manifest.PROGRAM))
            if digest.hexdigest() != promised[1:]:
                raise NotTaken("it changed while it was copied")
            self._placed(path, parent, name, partial)

    def link(self, path: str, target: str) -> None:
        with self._beside(path) as (parent, name, partial):
            os.symlink(target, partial, dir_fd=parent)
            self._placed(path, parent, name, partial)

    def folder(self, path: str) -> None:
        os.close(self._entered(path))

    def remove(self, path: str) -> None:
        """A folder in which there is something stays."""
        with self._parent(path) as (parent, name):
            self._unchanged(path, parent, name)
            if self._seen.words.get(path) == manifest.FOLDER:
                with contextlib.suppress(OSError):
                    os.rmdir(name, dir_fd=parent)
            else:
                os.unlink(name, dir_fd=parent)

    def content(self, path: str) -> Iterator[bytes]:
        """The bytes of a file that came before: of two names for one file only the first brings them."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        with (
            self._parent(path) as (parent, name),
            os.fdopen(os.open(name, flags, dir_fd=parent), "rb") as file,
        ):
            while chunk := file.read(1 << 20):
                yield chunk

    @contextlib.contextmanager
    def _beside(self, path: str) -> Iterator[tuple[int, str, str]]:
        with self._parent(path) as (parent, name):
            partial = f"{_PARTIAL}{os.urandom(6).hex()}"
            try:
                yield parent, name, partial
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(partial, dir_fd=parent)

    @contextlib.contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        above, _, name = path.rpartition("/")
        parent = self._entered(above)
        try:
            yield parent, name
        except OSError as error:
            raise NotTaken(error.strerror or str(error)) from error
        finally:
            os.close(parent)

    def _entered(self, path: str) -> int:
        """The folder, made where it is not there."""
        at = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in path.split("/") if path else ():
            try:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=at)
                below = os.open(part, _FOLDER, dir_fd=at)
            except OSError as error:
                raise NotTaken(f"{part} on the way is no folder ({error.strerror})") from error
            finally:
                os.close(at)
            at = below
        return at

    def _placed(self, path: str, parent: int, name: str, partial: str) -> None:
        self._unchanged(path, parent, name)
        os.replace(partial, name, src_dir_fd=parent, dst_dir_fd=parent)

    def _unchanged(self, path: str, parent: int, name: str) -> None:
        try:
            now = look(os.stat(name, dir_fd=parent, follow_symlinks=False))
        except FileNotFoundError:
            now = None
        then = self._seen.looks.get(path)
        if self._seen.words.get(path) != manifest.FOLDER and now != then:
            raise NotTaken("it was changed here meanwhile")

    def _mode(self, parent: int, name: str, fresh: int, program: bool) -> int:
        """That of the file it takes the place of, or of a new one, with or without the right to run it."""
        mode = stat.S_IMODE(fresh)
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
            mode = stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else mode
        return mode | (mode & 0o444) >> 2 if program else mode & ~0o111
