"""A folder that takes the place of the root: every path of a layer is looked up below it, link by link.

Each folder on the way is opened by its own name without following a link; a link is read and walked by hand,
with the folder as its root, as a process in it would see it. So nothing can lead out, whatever the layer has,
and whatever changes while it is unpacked. Open folders are kept: most members lie where the last one lay.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection

import msgspec

from moorage.inside.layers.entry import joined
from moorage.inside.layers.errors import refused

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_OPEN = 100
_MOST_LINKS = 40  # as the kernel's

Keep = Callable[[str], bool]
"""Says of a path that it is not to be removed; of a folder, that it stays, not what is in it."""


def _nothing(path: str) -> bool:
    del path
    return False


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An open folder; `path` is what it really is below the root, without links. `inherits`: what is made in
    it gets its group. `guarded`: nothing may change in it.
    """

    fd: int
    path: str
    inherits: bool = False
    guarded: bool = False


class Root:
    """`guarded` are paths below the root, without links, that are never written nor removed, with all that is
    in them: mounts, the runtime, the workspace's volume. Use as a context; blocking.
    """

    def __init__(self, folder: str, guarded: Collection[str] = ()) -> None:
        self._guarded = frozenset(path.strip("/") for path in guarded)
        self._above = frozenset(above for path in self._guarded for above in _above(path))
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._top = Place(fd=fd, path="", inherits=_inherits(fd), guarded="" in self._guarded)
        self._open = {"": self._top}
        self._retired: list[Place] = []
        self.made: set[str] = set()
        """Folders that were made because something was to come into them."""

    def __enter__(self) -> Root:
        return self

    def __exit__(self, *exception: object) -> None:
        self._retire()
        self.tidy()
        os.close(self._top.fd)

    def folder(self, path: str, *, make: bool) -> Place | None:
        """The folder at a path, whose missing parts are made, or None where it is not there.

        What is given stays open until `tidy`. Raises LayerRefused where a file is in the way, or
        links lead round in circles.
        """
        if found := self._open.get(path):
            return found
        return self._walk(path, make)

    def is_guarded(self, place: Place, name: str) -> bool:
        """Whether what has this name in the folder may not be touched."""
        return place.guarded or joined(place.path, name) in self._guarded

    def is_above_guarded(self, place: Place, name: str) -> bool:
        """Whether something in it may not be touched, so that it has to stay a folder."""
        return joined(place.path, name) in self._above

    def remove(self, place: Place, name: str, keep: Keep = _nothing) -> bool:
        """Take away what has this name, with all that is in it but what is guarded or to be kept.

        Says whether nothing of it is left.
        """
        if self.is_guarded(place, name):
            return False
        try:
            mode = os.stat(name, dir_fd=place.fd, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return True
        if stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
            self._retire()
        return self._removed(place.fd, place.path, name, keep)

    def clear(self, place: Place, keep: Keep = _nothing) -> bool:
        """Empty a folder as `remove` does, and keep it. Says whether nothing is left in it."""
        if place.guarded:
            return False
        self._retire()
        return self._emptied(place.fd, place.path, keep)

    def below(self, place: Place) -> Root:
        """A root that is this folder. Until it is closed, this one is to be used for nothing."""
        start = f"{place.path}/" if place.path else ""
        inside = [path.removeprefix(start) for path in self._guarded if path.startswith(start)]
        self._retire()
        return Root(f"/proc/self/fd/{place.fd}", ["", *inside] if place.guarded else inside)

    def tidy(self) -> None:
        """Close what nobody needs any more: to be called when places that were given are done with."""
        if len(self._open) > _MOST_OPEN:
            self._retire()
        for place in self._retired:
            os.close(place.fd)
        self._retired.clear()

    def _retire(self) -> None:
        """One of the folders that are open may be gone, or something else now."""
        places = {place.fd: place for place in self._open.values()}  # a folder may have several names
        del places[self._top.fd]
        self._retired += places.values()
        self._open = {"": self._top}

    def _removed(self, above: int, folder: str, name: str, keep: Keep) -> bool:
        path = joined(folder, name)
        if path in self._guarded:
            return False
        kept = keep(path)
        try:
            fd = os.open(name, _FOLDER, dir_fd=above)
        except NotADirectoryError:
            if not kept:
                os.unlink(name, dir_fd=above)
            return not kept
        try:
            empty = self._emptied(fd, path, keep)
        finally:
            os.close(fd)
        if empty and not kept:
            os.rmdir(name, dir_fd=above)
        return empty and not kept

    def _emptied(self, fd: int, path: str, keep: Keep) -> bool:
        left = [name for name in os.listdir(fd) if not self._removed(fd, path, name, keep)]
        return not left

    def _walk(self, path: str, make: bool) -> Place | None:
        """One name at a time from the nearest folder that is open. The links of a path count together."""
        place, rest = self._nearest(path)
        links = 0
        pending = rest.split("/")[::-1] if rest else []
        while pending:
            name = pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                up = place.path.rpartition("/")[0]
                place, rest = self._nearest(up)
                pending += rest.split("/")[::-1] if rest else []
                continue
            try:
                below = self._enter(place, name, make)
            except NotADirectoryError:
                links += 1
                target = _target(place, name)
                if links > _MOST_LINKS:
                    raise refused(f"Links of the layer lead round in circles at /{path}") from None
                pending += target.split("/")[::-1]
                place = self._top if target.startswith("/") else place
                continue
            if below is None:
                return None
            place = below
        self._open.setdefault(path, place)
        return place

    def _nearest(self, path: str) -> tuple[Place, str]:
        """The deepest folder on the way to a path that is open, and what is left of the path."""
        head, rest = path, ""
        while head not in self._open:
            head, _, name = head.rpartition("/")
            rest = f"{name}/{rest}" if rest else name
        return self._open[head], rest

    def _enter(self, place: Place, name: str, make: bool) -> Place | None:
        path = joined(place.path, name)
        if found := self._open.get(path):
            return found
        try:
            fd = os.open(name, _FOLDER, dir_fd=place.fd)
        except FileNotFoundError:
            if not make or place.guarded:
                return None
            os.mkdir(name, 0o755, dir_fd=place.fd)
            self.made.add(path)
            fd = os.open(name, _FOLDER, dir_fd=place.fd)
        guarded = place.guarded or path in self._guarded
        found = Place(fd=fd, path=path, inherits=_inherits(fd), guarded=guarded)
        self._open[path] = found
        return found


def _target(place: Place, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=place.fd)
    except OSError:
        path = joined(place.path, name)
        raise refused(f"A member of the layer lies below /{path}, which is no folder") from None


def _inherits(fd: int) -> bool:
    return bool(os.fstat(fd).st_mode & stat.S_ISGID)


def _above(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(len(names))]
