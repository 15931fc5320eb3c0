"""Puts what was selected below a root: with owners, modes, attributes, times, links and holes.

What surprises, and is so in BuildKit: the folder that a folder's content goes into keeps owner and mode, and
takes the time of the one that is copied; a folder further below takes all of the one that is copied, but one
that is only on the way to what is chosen just its mode, and that without --chmod. Files that have several
names keep them within one source.
"""

from __future__ import annotations

import errno
import os
import stat
import threading

import msgspec

from moorage.inside.executor.copying.content import copy_content
from moorage.inside.executor.copying.errors import in_the_way, not_done
from moorage.inside.executor.copying.mode import Mode
from moorage.inside.executor.copying.place import Spot
from moorage.inside.executor.copying.select import Filter, members
from moorage.inside.executor.copying.tree import Tree
from moorage.inside.layers.entry import Entry, joined
from moorage.inside.layers.looking import look
from moorage.inside.layers.metadata import Left, dress, dress_file, dress_other
from moorage.inside.layers.root import Place, Root

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CAPABILITY = "security.capability"
_DEVICES = {"char": stat.S_IFCHR, "block": stat.S_IFBLK}


class Stopped(Exception):
    """Whoever asked for the copy does not wait for it any more."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How copies differ from what they are of. `own`: owners of the source are kept where `owner` is None."""

    mode: Mode
    owner: tuple[int, int] | None
    own: bool

    def of(self, entry: Entry) -> Entry:
        """The entry as it is to be. A context's files are nobody's, and have no capabilities."""
        uid, gid = self.owner or ((entry.uid, entry.gid) if self.own else (0, 0))
        xattrs = {key: value for key, value in entry.xattrs.items() if self.own or key != _CAPABILITY}
        mode = self.mode.of(entry.mode, is_folder=entry.kind == "folder")
        return msgspec.structs.replace(entry, uid=uid, gid=gid, mode=mode, xattrs=xattrs)


class Writer:
    """Copies from one root below another. Blocking. Raises CopyInTheWay, CopyNotDone, Stopped."""

    def __init__(self, source: Root, root: Root, manner: Manner, left: Left, stop: threading.Event) -> None:
        self._source = source
        self._root = root
        self._manner = manner
        self._left = left
        self._stop = stop
        self._first: dict[tuple[int, int], str] = {}
        """The copy of each file that has several names."""

    def file(self, path: str, spot: Spot) -> None:
        """A file, or whatever is no folder, to a place."""
        try:
            self._put(path, spot)
        except OSError as error:
            raise not_done(spot.path, error) from error

    def folder(self, tree: Tree, path: str, into: Place, chosen: Filter) -> None:
        """What of a folder's content is chosen, into another folder."""
        times = []
        if path or self._manner.own:  # BuildKit is not told the time of a context's own folder
            times.append((into.path, self._seen(path).st_mtime_ns))
        for member in members(tree, path, chosen):
            here, there = joined(path, member.path), joined(into.path, member.path)
            try:
                self._root.tidy()
                self._source.tidy()
                above, _, name = there.rpartition("/")
                place = self._root.folder(above, make=False)
                if place is None:
                    continue  # a guarded folder, that nothing is made in
                if member.kind != "folder":
                    self._put(here, Spot(place=place, name=name))
                elif (
                    self._enter(here, Spot(place=place, name=name), only_mode=member.implied)
                    and not member.implied
                ):
                    times.append((there, self._seen(here).st_mtime_ns))
            except OSError as error:
                raise not_done(there, error) from error
        for there, time in reversed(times):
            self._root.tidy()
            place = self._root.folder(there, make=False)
            if place is not None and not place.guarded:
                os.utime(place.fd, ns=(time, time))

    def _enter(self, here: str, spot: Spot, *, only_mode: bool) -> bool:
        """Make the folder, or make the one that is there alike. Says whether it may be changed."""
        place, name = spot.place, spot.name
        if self._root.is_guarded(place, name):
            self._left.add(f"/{spot.path} is not touched")
            return False
        try:
            os.mkdir(name, 0o700, dir_fd=place.fd)
            made = True
        except FileExistsError:
            found = os.stat(name, dir_fd=place.fd, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                raise in_the_way(spot.path, "is no folder, and a folder is to be copied to it") from None
            made = False
        below = self._root.folder(spot.path, make=False)
        entry = self._entry(here)
        if below is None or entry is None:
            return False
        if made or not only_mode:
            dress(below.fd, self._manner.of(entry), self._left)
        else:
            os.fchmod(below.fd, entry.mode)
        return True

    def _put(self, here: str, spot: Spot) -> None:
        if self._stop.is_set():
            raise Stopped
        entry = self._entry(here)
        if entry is None:
            return self._left.add(f"/{spot.path} is a socket, which is left out")
        if self._root.is_guarded(spot.place, spot.name):
            return self._left.add(f"/{spot.path} is not touched")
        vacate(self._root, spot)
        entry = msgspec.structs.replace(self._manner.of(entry), path=spot.path)
        if entry.kind == "file":
            return self._file(here, spot, entry)
        return self._other(spot, entry)

    def _file(self, here: str, spot: Spot, entry: Entry) -> None:
        above, name = self._above(here)
        read = os.open(name, _READ, dir_fd=above.fd)
        try:
            seen = os.fstat(read)
            if not stat.S_ISREG(seen.st_mode):
                raise FileNotFoundError(f"{here} is no file any more")
            if seen.st_nlink > 1 and self._again(seen, spot):
                return
            fd = os.open(spot.name, _NEW, 0o600, dir_fd=spot.place.fd)
            try:
                for _ in copy_content(read, fd, seen.st_size):
                    if self._stop.is_set():
                        raise Stopped
                dress_file(fd, entry, spot.place.inherits, self._left)
            finally:
                os.close(fd)
        finally:
            os.close(read)

    def _again(self, seen: os.stat_result, spot: Spot) -> bool:
        """Another name for the copy of a file that came before, if there is one."""
        first = self._first.setdefault((seen.st_dev, seen.st_ino), spot.path)
        folder, _, name = first.rpartition("/")
        place = self._root.folder(folder, make=False) if first != spot.path else None
        if place is None:
            return False
        try:
            os.link(name, spot.name, src_dir_fd=place.fd, dst_dir_fd=spot.place.fd, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.EMLINK, errno.EXDEV):
                raise
            return False
        return True

    def _other(self, spot: Spot, entry: Entry) -> None:
        fd, name = spot.place.fd, spot.name
        if entry.kind == "link":
            os.symlink(entry.target, name, dir_fd=fd)
        elif entry.kind == "fifo":
            os.mkfifo(name, 0o600, dir_fd=fd)
        else:
            try:
                os.mknod(name, 0o600 | _DEVICES[entry.kind], entry.device, dir_fd=fd)
            except PermissionError:
                return self._left.add(f"/{spot.path} is a device, which may not be made here")
        return dress_other(fd, name, entry, self._left)

    def _entry(self, here: str) -> Entry | None:
        above, name = self._above(here)
        seen = os.stat(name, dir_fd=above.fd, follow_symlinks=False)
        return look(above.fd, name, here, seen)

    def _seen(self, here: str) -> os.stat_result:
        above, name = self._above(here)
        return os.stat(name, dir_fd=above.fd, follow_symlinks=False)

    def _above(self, here: str) -> tuple[Place, str]:
        folder, _, name = here.rpartition("/")
        place = self._source.folder(folder, make=False)
        if place is None:
            raise FileNotFoundError(f"{folder} is not there any more")
        return place, name or "."


def vacate(root: Root, spot: Spot) -> None:
    """Make room for a file: another one gives way, a folder does not. Raises CopyInTheWay."""
    try:
        mode = os.stat(spot.name, dir_fd=spot.place.fd, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise in_the_way(spot.path, "is a folder, and a file is to be copied to it")
    root.remove(spot.place, spot.name)
