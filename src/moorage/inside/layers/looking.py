"""One path of a root as an entry of a layer: what the file system says of it, and where its holes are."""

from __future__ import annotations

import os
import stat

from moorage.inside.layers.entry import Entry, Kind
from moorage.inside.layers.sparse import Parts

_KINDS: dict[int, Kind] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
}
_KEPT = ("user.", "security.capability", "system.posix_acl_")
_OVERLAY = "user.overlay."
_WORTH = 1 << 20
"""Bytes of holes that are worth another form of the archive."""


def look(folder: int, name: str, path: str, seen: os.stat_result) -> Entry | None:
    """The entry of `path`, which is `name` in an open folder; None for what no layer holds (a socket).

    Labels of this machine (SELinux and its like) and an overlay's own attributes are not part of an image.
    """
    kind = _KINDS.get(stat.S_IFMT(seen.st_mode))
    if kind is None:
        return None
    return Entry(
        path=path,
        kind=kind,
        mode=stat.S_IMODE(seen.st_mode),
        uid=seen.st_uid,
        gid=seen.st_gid,
        size=seen.st_size if kind == "file" else 0,
        mtime=seen.st_mtime_ns,
        target=os.readlink(name, dir_fd=folder) if kind == "link" else "",
        device=seen.st_rdev if kind in ("char", "block") else 0,
        xattrs=_attributes(f"/proc/self/fd/{folder}/{name}"),
    )


def parts(fd: int, seen: os.stat_result) -> Parts | None:
    """Where a file has bytes, if it has holes worth the name; None if it is to be told as a whole."""
    if seen.st_size - seen.st_blocks * 512 < _WORTH:
        return None
    found, at = [], 0
    while at < seen.st_size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:  # ENXIO: nothing but a hole to the end
            break
        at = min(os.lseek(fd, start, os.SEEK_HOLE), seen.st_size)
        found.append((start, at - start))
    os.lseek(fd, 0, os.SEEK_SET)
    return tuple(found)


def _attributes(path: str) -> dict[str, bytes]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:  # a file system without any
        return {}
    return {
        name: os.getxattr(path, name, follow_symlinks=False)
        for name in sorted(names)
        if name.startswith(_KEPT) and not name.startswith(_OVERLAY)
    }
