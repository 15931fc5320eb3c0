"""Where a copy goes: folders are made on the way, links of the image are followed, never out of the root."""

from __future__ import annotations

import os
import posixpath
import stat

import msgspec

from moorage.inside.executor.copying.errors import in_the_way
from moorage.inside.executor.copying.face import Copying
from moorage.inside.executor.copying.mode import Mode
from moorage.inside.executor.copying.select import cleaned
from moorage.inside.layers.entry import joined
from moorage.inside.layers.errors import LayerRefused
from moorage.inside.layers.root import Place, Root

_MOST_LINKS = 40


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A name in an open folder, which stays open until the root is tidied."""

    place: Place
    name: str

    @property
    def path(self) -> str:
        return joined(self.place.path, self.name)


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is from the root and has no `..`; `is_folder`: it was written so that it can be nothing else."""

    path: str
    is_folder: bool


def destination(copying: Copying) -> Destination:
    """What the destination means in its WORKDIR; `..` is taken away before any link is looked at."""
    written = copying.destination
    is_folder = written in ("", ".") or written.endswith(("/", "/."))
    return Destination(path=cleaned(posixpath.join("/", copying.folder, written)), is_folder=is_folder)


class Ground:
    """Finds places below a root. Folders that it makes get --chown, and of an octal --chmod the last digits.

    Blocking. Raises CopyInTheWay.
    """

    def __init__(self, root: Root, owner: tuple[int, int] | None) -> None:
        self._root = root
        self._owner = owner

    def folder(self, path: str, made: int) -> Place | None:
        """The folder, made with this mode where it is not there; None where nothing may be made."""
        try:
            place = self._root.folder(path, make=True)
        except LayerRefused as error:
            raise in_the_way(path) from error
        new = sorted(self._root.made)
        self._root.made.clear()
        for each in new:
            self._dress(each, made)
        return place

    def spot(self, to: Destination, name: str, mode: Mode) -> Spot | None:
        """Where a file of this name goes: into a folder, or to the destination itself, a link followed."""
        if to.is_folder or not to.path:
            place = self.folder(to.path, mode.made)
            return None if place is None else Spot(place=place, name=name)
        path = to.path
        for _ in range(_MOST_LINKS):
            folder, _, last = path.rpartition("/")
            if last in ("", ".", ".."):
                break  # a link's target may end like that: it is a folder
            place = self.folder(folder, mode.made)
            if place is None:
                return None
            seen = _look(place, last)
            if seen is None or not (stat.S_ISDIR(seen) or stat.S_ISLNK(seen)):
                return Spot(place=place, name=last)
            if stat.S_ISDIR(seen):
                path = joined(place.path, last)
                break
            target = os.readlink(last, dir_fd=place.fd)
            path = target.lstrip("/") if target.startswith("/") else joined(place.path, target)
        else:
            raise in_the_way(to.path, "is a link that leads round in circles")
        place = self.folder(path, mode.made)
        return None if place is None else Spot(place=place, name=name)

    def _dress(self, path: str, made: int) -> None:
        place = self._root.folder(path, make=False)
        if place is None:
            return
        if self._owner is not None:
            os.fchown(place.fd, *self._owner)
        inherited = os.fstat(place.fd).st_mode & stat.S_ISGID
        os.fchmod(place.fd, made | inherited)


def _look(place: Place, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=place.fd, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
