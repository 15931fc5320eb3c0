"""Writes a layer's members below a root, as the OCI image specification's "Applying Changesets" has it.

Owners come before modes, which the kernel takes setuid bits from; both before attributes, which it takes
capabilities from; times of files last, of folders when nothing more comes into them.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable

import msgspec

from moorage.inside.layers.content import write, write_parts
from moorage.inside.layers.entry import OPAQUE, RESERVED, WHITEOUT, Entry, Limits, clean, joined
from moorage.inside.layers.errors import LayerRefused, not_written, refused
from moorage.inside.layers.metadata import Left, dress, dress_file, dress_other
from moorage.inside.layers.reading import Reader
from moorage.inside.layers.root import Place, Root

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DEVICES = {"char": stat.S_IFCHR, "block": stat.S_IFBLK}


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one layer. `implied` are folders that it has not, but has something in: their owner and
    mode were made up. `left` says what could not be as the layer has it, one line each.
    """

    members: int
    implied: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def unpack(
    pieces: Iterable[bytes],
    root: Root,
    *,
    opaque: str = "",
    limits: Limits | None = None,
    is_layer: bool = True,
    owner: tuple[int, int] | None = None,
) -> Unpacked:
    """Take the archive out below the root; blocking. What is there gives way, but for what is guarded.

    Deletions are carried out; with `opaque` (an attribute: "trusted.overlay.opaque" or
    "user.overlay.opaque") they are written down instead, for an overlay to carry out. An archive that is no
    layer deletes nothing, and says nothing of the root itself. `owner` takes the place of every member's.

    Raises LayerDamaged, LayerRefused, LayerTooLarge, LayerNotWritten, and what `pieces` raises.
    """
    reader = Reader(pieces, limits or Limits())
    writer = _Writer(root, opaque, is_layer)
    for entry in reader:
        try:
            writer.put(entry if owner is None else _owned(entry, owner), reader)
        except OSError as error:
            raise not_written(entry.path, error) from error
    try:
        writer.finish()
    except OSError as error:
        raise not_written("", error) from error
    return Unpacked(members=reader.count, implied=tuple(sorted(root.made)), left=writer.left.lines)


class _Writer:
    def __init__(self, root: Root, opaque: str, is_layer: bool) -> None:
        self._root = root
        self._opaque = opaque
        self._is_layer = is_layer
        self._times: dict[str, int] = {}
        self._fresh: set[str] = set()
        """Folders that came with this layer: all that is in them did, too."""
        self._written: set[str] = set()
        """What else came with it."""
        self.left = Left()

    def put(self, entry: Entry, reader: Reader) -> None:
        """Write one member."""
        self._root.tidy()
        folder, _, name = entry.path.rpartition("/")
        if name.startswith(WHITEOUT) and self._is_layer:
            self._delete(folder, name)
        elif not name:
            self._top(entry)
        else:
            self._put(self._root.folder(folder, make=True), name, entry, reader)

    def _put(self, place: Place | None, name: str, entry: Entry, reader: Reader) -> None:
        if place is None or self._root.is_guarded(place, name):
            return self.left.add(f"/{entry.path} is not touched")
        path = joined(place.path, name)
        if entry.kind == "folder":
            self._folder(place, name, path, entry)
        elif self._root.is_above_guarded(place, name):
            return self.left.add(f"/{entry.path} stays a folder, for what is mounted in it")
        elif entry.kind == "file":
            self._file(place, name, entry, reader)
        elif entry.kind == "hard link":
            self._hard_link(place, name, entry)
        else:
            self._other(place, name, entry)
        if place.path not in self._fresh:
            self._written.add(path)
        return None

    def finish(self) -> None:
        """Give the folders their times."""
        for path, time in self._times.items():
            self._root.tidy()
            with contextlib.suppress(LayerRefused):  # what was a folder may be something else since
                place = self._root.folder(path, make=False)
                if place is not None and place.path == path:
                    os.utime(place.fd, ns=(time, time))

    def _top(self, entry: Entry) -> None:
        place = self._root.folder("", make=False) if self._is_layer else None
        if entry.kind == "folder" and place is not None and not place.guarded:
            self._dress(place, entry)

    def _file(self, place: Place, name: str, entry: Entry, reader: Reader) -> None:
        try:
            fd = os.open(name, _NEW, 0o600, dir_fd=place.fd)
        except FileExistsError:
            self._vacate(place, name)
            fd = os.open(name, _NEW, 0o600, dir_fd=place.fd)
        try:
            if entry.parts is None:
                write(fd, reader.data())
            else:
                write_parts(fd, entry.size, entry.parts, reader.data())
            dress_file(fd, entry, place.inherits, self.left)
        finally:
            os.close(fd)

    def _folder(self, place: Place, name: str, path: str, entry: Entry) -> None:
        """One that is there already gets owner, mode and time, and keeps what is in it."""
        covers = False
        try:
            os.mkdir(name, 0o700, dir_fd=place.fd)
            self._fresh.add(path)
        except FileExistsError:
            found = os.stat(name, dir_fd=place.fd, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                covers = bool(self._opaque) and _is_whiteout(found)
                self._vacate(place, name)
                os.mkdir(name, 0o700, dir_fd=place.fd)
                self._fresh.add(path)
        if path in self._root.made:
            self._root.made.remove(path)
            self._fresh.add(path)
        below = self._root.folder(path, make=False)
        if below is not None:
            self._dress(below, entry)
            if covers:
                os.setxattr(below.fd, self._opaque, b"y")

    def _dress(self, place: Place, entry: Entry) -> None:
        dress(place.fd, entry, self.left)
        self._times[place.path] = entry.mtime

    def _hard_link(self, place: Place, name: str, entry: Entry) -> None:
        folder, _, target = clean(entry.target).rpartition("/")
        there = self._root.folder(folder, make=False) if target else None
        if there is None or self._root.is_guarded(there, target):
            raise refused(f"/{entry.path} of the layer is a hard link to what is not in it: {entry.target!r}")
        if (there.path, target) == (place.path, name):
            return
        try:
            self._vacate(place, name)
            os.link(target, name, src_dir_fd=there.fd, dst_dir_fd=place.fd, follow_symlinks=False)
        except (FileNotFoundError, PermissionError) as error:
            words = (
                "what is not in it" if isinstance(error, FileNotFoundError) else "what cannot have two names"
            )
            raise refused(
                f"/{entry.path} of the layer is a hard link to {words}: {entry.target!r}"
            ) from error

    def _other(self, place: Place, name: str, entry: Entry) -> None:
        """A link, a device or a pipe."""
        self._vacate(place, name)
        if entry.kind == "link":
            os.symlink(entry.target, name, dir_fd=place.fd)
        elif entry.kind == "fifo":
            os.mkfifo(name, 0o600, dir_fd=place.fd)
        else:
            try:
                os.mknod(name, 0o600 | _DEVICES[entry.kind], entry.device, dir_fd=place.fd)
            except PermissionError:  # in a user namespace nobody may: others that unpack leave them out, too
                return self.left.add(f"/{entry.path} is a device, which may not be made here")
        return dress_other(place.fd, name, entry, self.left)

    def _vacate(self, place: Place, name: str) -> None:
        """Make room for something else of this name."""
        self._times.pop(joined(place.path, name), None)
        if not self._root.remove(place, name):
            raise refused(f"/{joined(place.path, name)} of the layer takes the place of what has to stay")

    def _delete(self, folder: str, name: str) -> None:
        """A whiteout. It is about layers below, never about this one, whatever comes first in the archive."""
        if name == OPAQUE:
            return self._empty(folder)
        if name.startswith(RESERVED):
            return None  # records of a storage driver that nobody has any more
        hidden = name.removeprefix(WHITEOUT)
        if hidden in ("", ".", ".."):
            raise refused(f"The layer deletes {joined(folder, hidden)!r}, which is no name")
        place = self._root.folder(folder, make=bool(self._opaque))
        if place is None or self._root.is_guarded(place, hidden):
            return None
        if not self._opaque:
            self._root.remove(place, hidden, self._is_own)
            return None
        try:
            os.mknod(hidden, stat.S_IFCHR, 0, dir_fd=place.fd)
        except FileExistsError:
            if stat.S_ISDIR(os.stat(hidden, dir_fd=place.fd, follow_symlinks=False).st_mode):
                self._empty(joined(place.path, hidden))
        return None

    def _empty(self, folder: str) -> None:
        place = self._root.folder(folder, make=bool(self._opaque))
        if place is None:
            return
        if self._opaque:
            os.setxattr(place.fd, self._opaque, b"y")
        else:
            self._root.clear(place, self._is_own)

    def _is_own(self, path: str) -> bool:
        return path in self._written or path.rpartition("/")[0] in self._fresh


def _owned(entry: Entry, owner: tuple[int, int]) -> Entry:
    return msgspec.structs.replace(entry, uid=owner[0], gid=owner[1])


def _is_whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0
