"""Where an image is built: the root that becomes it, and what of it is not the image's."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import msgspec

from moorage.inside.environment import ROOT
from moorage.inside.executor.errors import RootTaken
from moorage.inside.layers.boot import write_durably

STORE = "/.moorage-build"
_MOUNTS = "/proc/self/mountinfo"
_NEVER = ("/proc", "/sys", "/dev", "/.dockerenv", "/run/.containerenv", ROOT)
_OCTAL = re.compile(r"\\([0-7]{3})")
_PROGRAMS = ("bin", "sbin", "lib", "usr")
MARK = "state.json"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`root` is "/" but in tests; `store` a folder for stages and caches, best on the same file system.

    `guarded` are paths in the root, as processes in it see them, that are never written nor moved.
    """

    root: str = "/"
    store: str = STORE
    guarded: tuple[str, ...] = ()

    def inside(self, path: str) -> str:
        """The real path of one in the root; links in it are followed by whoever opens it."""
        return f"{self.root.rstrip('/')}/{path.lstrip('/')}"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the root is, for whoever comes later. `said` is why it is not whole."""

    root: str = "building"
    said: str = ""


def here(store: str = STORE, guarded: tuple[str, ...] = ()) -> Place:
    """The container's own root, without what is mounted in it, the runtime and the store.

    Raises RootTaken where this runs on a machine, or in an image that somebody else has put there.
    """
    if sys.prefix != ROOT:
        raise RootTaken(
            "An image is built in the file system that it then is, and this one is not meant for that",
            evidence=(f"this program runs from {sys.prefix}, not from {ROOT}",),
            hint=f"Run it in a container that has nothing but {ROOT}.",
        )
    place = Place(store=store, guarded=(*guards(Path(_MOUNTS).read_text(), store), *guarded))
    check(place)
    return place


def guards(mountinfo: str, store: str) -> tuple[str, ...]:
    """Every mount but the root (proc(5), "mountinfo"), and what is never an image's. Pure."""
    mounts = (_unescaped(line.split()[4]) for line in mountinfo.splitlines() if len(line.split()) > 4)
    return tuple(dict.fromkeys((*_NEVER, store, *(path for path in mounts if path != "/"))))


def check(place: Place) -> None:
    """Raises RootTaken where the root holds programs, and no build has left word that they are its own."""
    found = [name for name in _PROGRAMS if _holds(place, name)]
    if found and not Path(place.store, MARK).exists():
        raise RootTaken(
            "The container's file system holds an image already, and building another would delete it",
            evidence=tuple(f"/{name} is there" for name in found),
            hint=f"Run the builder in a container that has nothing but {ROOT}.",
        )


def tell(place: Place, state: State) -> None:
    """Write down what the root is from now on."""
    Path(place.store).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(Path(place.store, MARK), msgspec.json.encode(state))


def _holds(place: Place, name: str) -> bool:
    """Folders that only lead to a mount do not count."""
    path = f"/{name}"
    above = any(each == path or each.startswith(f"{path}/") for each in place.guarded)
    return os.path.lexists(place.inside(name)) and not above


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
