"""What a source holds, as selecting needs to know it: kinds, names, and where links point."""

from __future__ import annotations

import os
import stat
from typing import Literal, Protocol

from moorage.dockerfile.ignore import Ignore
from moorage.inside.layers.entry import joined
from moorage.inside.layers.root import Root

Kind = Literal["file", "folder", "link", "other"]

_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


class Tree(Protocol):
    """Paths are relative to the root, which is "", and go through no link."""

    def look(self, path: str) -> Kind | None:
        """What is there, if anything is."""

    def names(self, folder: str) -> list[str]:
        """What is in a folder, in order."""

    def target(self, link: str) -> str:
        """What a link says."""


class Files:
    """A real folder, which its own links do not leave. Blocking."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def look(self, path: str) -> Kind | None:
        if not path:
            return "folder"
        folder, _, name = path.rpartition("/")
        place = self._root.folder(folder, make=False)
        if place is None:
            return None
        try:
            mode = os.stat(name, dir_fd=place.fd, follow_symlinks=False).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _KINDS.get(stat.S_IFMT(mode), "other")

    def names(self, folder: str) -> list[str]:
        self._root.tidy()
        place = self._root.folder(folder, make=False)
        return [] if place is None else _sorted(place.fd)

    def target(self, link: str) -> str:
        folder, _, name = link.rpartition("/")
        place = self._root.folder(folder, make=False)
        return "" if place is None else os.readlink(name, dir_fd=place.fd)


class Visible:
    """A context without what its .dockerignore hides, which is as if it were not there at all.

    A hidden folder shows where an exception brings back something in it.
    """

    def __init__(self, tree: Tree, ignore: Ignore) -> None:
        self._tree = tree
        self._ignore = ignore

    def look(self, path: str) -> Kind | None:
        kind = self._tree.look(path)
        if kind is None or not path or not self._ignore.ignores(path):
            return kind
        return kind if kind == "folder" and self._holds(path) else None

    def names(self, folder: str) -> list[str]:
        return [name for name in self._tree.names(folder) if self.look(joined(folder, name)) is not None]

    def target(self, link: str) -> str:
        return self._tree.target(link)

    def _holds(self, folder: str) -> bool:
        if self._ignore.prunes(folder):
            return False
        return any(self.look(joined(folder, name)) is not None for name in self._tree.names(folder))


def _sorted(fd: int) -> list[str]:
    return sorted(os.listdir(fd))
