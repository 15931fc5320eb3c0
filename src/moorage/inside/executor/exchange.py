"""The root goes aside into a folder when a stage is done, and comes back where a later one continues it.

Entries get new names, which takes no time; only what is guarded stays, and the folders above it.
"""

from __future__ import annotations

import contextlib
import os
import stat

from moorage.inside.executor import copies
from moorage.inside.executor.place import Place
from moorage.inside.layers.journal import Journal
from moorage.inside.layers.root import Root


def set_aside(place: Place, folder: str) -> None:
    """Everything of the root into a new folder. Blocking. Raises OSError."""
    os.makedirs(folder, 0o700)  # noqa: PTH103
    _Exchange(place).move(place.root.rstrip("/"), folder, "")


def bring_back(place: Place, folder: str) -> None:
    """Everything of the folder into the root, which has to be empty; the folder is gone then. Blocking."""
    _Exchange(place).move(folder, place.root.rstrip("/"), "")
    copies.remove(folder)


def copied(place: Place, folder: str) -> None:
    """A folder that is as the root is, which stays. Blocking."""
    os.makedirs(folder, 0o700)  # noqa: PTH103
    copies.copy_into(place.root.rstrip("/") or "/", folder, without=_relative(place))


def copy_back(place: Place, folder: str) -> None:
    """The root as the folder is, which stays. Blocking."""
    copies.copy_into(folder, place.root.rstrip("/") or "/", without=_relative(place))


def clear(place: Place) -> None:
    """Nothing is left in the root but what is guarded. Blocking."""
    with Root(place.root, place.guarded) as root:
        top = root.folder("", make=False)
        if top is not None:
            root.clear(top)


def fresh(place: Place, journal: Journal) -> None:
    """An empty root for another image. Blocking."""
    journal.forget()
    clear(place)
    journal.cleared()


class _Exchange:
    def __init__(self, place: Place) -> None:
        self._guarded = _relative(place)

    def move(self, source: str, target: str, path: str) -> None:
        seen = os.lstat(source or "/")
        for name in os.listdir(source or "/"):  # noqa: PTH208
            below = f"{path}/{name}" if path else name
            here, there = f"{source}/{name}", f"{target}/{name}"
            if below in self._guarded:
                continue
            if not self._is_above(below):
                copies.move(here, there)
            elif stat.S_ISDIR(os.lstat(here).st_mode):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(there, 0o755)  # noqa: PTH102
                self.move(here, there, below)
            # A link or file in the place of a folder that has to stay would hide what is guarded.
        copies.dress(source or "/", target or "/", seen)

    def _is_above(self, path: str) -> bool:
        return any(each.startswith(f"{path}/") for each in self._guarded)


def _relative(place: Place) -> frozenset[str]:
    return frozenset(path.strip("/") for path in place.guarded)
