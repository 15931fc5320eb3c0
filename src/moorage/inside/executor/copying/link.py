"""--link: what is copied is a layer of its own, which knows nothing of what lies below it.

So a link of the image on the way is replaced and not followed, a file gives way to a folder and a folder to a
file, and folders on the way get owner and mode as they are in the layer (0:0 and 755), whatever they had.
The layer is made in an empty folder of the same file system, and then moved into place.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from uuid import uuid4

from moorage.inside.executor.copying.errors import CopyNotDone, in_the_way, not_done
from moorage.inside.layers.entry import joined
from moorage.inside.layers.looking import look
from moorage.inside.layers.metadata import Left, dress
from moorage.inside.layers.root import Place, Root


@contextlib.contextmanager
def empty(root: Root) -> Iterator[Place]:
    """A new folder at the top of the root, which is gone afterwards with what is left in it. Blocking."""
    top = root.folder("", make=False)
    if top is None or top.guarded:
        raise CopyNotDone("Nothing may be written below the root", hint="Take --link away.")
    name = f".moorage-link-{uuid4().hex}"
    os.mkdir(name, 0o700, dir_fd=top.fd)
    try:
        place = root.folder(name, make=False)
        assert place is not None
        yield place
    finally:
        root.remove(top, name)


def merge(root: Root, layer: Place, left: Left) -> None:
    """Move all that is in the layer's folder to its place below the root. Blocking. Raises CopyInTheWay."""
    pending = [""]
    times: list[tuple[str, int]] = []
    while pending:
        folder = pending.pop()
        root.tidy()
        place = root.folder(folder, make=False)
        here = root.folder(joined(layer.path, folder).rstrip("/"), make=False)
        if place is None or here is None:
            continue
        for name in _names(here.fd):
            path = joined(folder, name)
            try:
                if _moved(root, here, place, name, left):
                    continue
                times.append((path, os.stat(name, dir_fd=here.fd, follow_symlinks=False).st_mtime_ns))
                pending.append(path)
            except OSError as error:
                raise not_done(path, error) from error
    for path, time in reversed(times):
        root.tidy()
        place = root.folder(path, make=False)
        if place is not None:
            os.utime(place.fd, ns=(time, time))


def _moved(root: Root, here: Place, place: Place, name: str, left: Left) -> bool:
    """Whether it is in place with all that is in it; if not, both are folders, by now with one look."""
    path = joined(place.path, name)
    if root.is_guarded(place, name):
        left.add(f"/{path} is not touched")
        return True
    seen = os.stat(name, dir_fd=here.fd, follow_symlinks=False)
    if stat.S_ISDIR(seen.st_mode) and _is_folder(place, name):
        below = root.folder(path, make=False)
        entry = look(here.fd, name, path, seen)
        if below is not None and entry is not None:
            dress(below.fd, entry, left)
        return False
    if not root.remove(place, name):
        raise in_the_way(path, "holds what may not be removed, and is to be replaced")
    os.rename(name, name, src_dir_fd=here.fd, dst_dir_fd=place.fd)
    return True


def _names(fd: int) -> list[str]:
    return sorted(os.listdir(fd))


def _is_folder(place: Place, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=place.fd, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
