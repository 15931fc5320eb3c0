"""One thing in a layer, the same whether it comes out of an archive, from a file system, or goes into one."""

from __future__ import annotations

from typing import Literal

import msgspec

from moorage.inside.layers.errors import refused

Kind = Literal["file", "folder", "link", "hard link", "char", "block", "fifo"]

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
RESERVED = ".wh..wh."

_DEEPEST = 256


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one layer may hold: bytes after decompression, members, bytes of a file as it reads (its holes
    count), bytes of one header or sparse map.
    """

    total: int = 256 << 30
    members: int = 10_000_000
    file: int = 4 << 40
    header: int = 1 << 20


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`path` is relative to the root, which itself is ""; `size` is what the file reads as, in bytes; `mtime`
    in nanoseconds; `target` of a link as it is written, of a hard link another path; `device` as in
    `os.makedev`. `parts` are (offset, length) of what is not a hole in a sparse file, in order.
    """

    path: str
    kind: Kind
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    target: str = ""
    device: int = 0
    xattrs: dict[str, bytes] = {}
    parts: tuple[tuple[int, int], ...] | None = None


def clean(name: str) -> str:
    """The path that a name in an archive means; a leading slash is the root, as some builders write it.

    Raises LayerRefused for a path that climbs, or has more than a few hundred folders.
    """
    parts = [part for part in name.split("/") if part and part != "."]
    if ".." in parts or "\0" in name:
        raise refused(f"A member of the layer has the path {name!r}, which leads out of its root")
    if len(parts) > _DEEPEST:
        raise refused(f"{name[:80]!r}… is more than {_DEEPEST} folders deep")
    return "/".join(parts)


def joined(folder: str, name: str) -> str:
    """The path of `name` in `folder`; "" is the root."""
    return f"{folder}/{name}" if folder else name
