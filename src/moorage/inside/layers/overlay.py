"""What a build changed, read from the upper folder of the overlay that it ran on: nothing else is walked.

Linux, Documentation/filesystems/overlayfs.rst: a character device 0/0 hides what is below it, the attribute
`overlay.opaque` all that a folder had below.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator

from moorage.inside.layers.change import Change
from moorage.inside.layers.entry import joined
from moorage.inside.layers.errors import ChangesUnreadable

_ELSEWHERE = ("redirect", "metacopy")


def changes(
    upper: str, opaque: str, guarded: Collection[str] = (), was: Callable[[str], bool] = lambda path: True
) -> Iterator[Change]:
    """As `Snapshot.changes`. `opaque` is the attribute, as in `unpack`; `guarded` as in `Root`.

    `was` says whether layers below have a folder: an overlay calls each new one opaque, which says nothing.
    Raises ChangesUnreadable where files are kept elsewhere; mount with redirect_dir=off,metacopy=off.
    """
    return _walk(upper.rstrip("/"), "", opaque, frozenset(path.strip("/") for path in guarded), was)


def _walk(
    upper: str, folder: str, opaque: str, guarded: frozenset[str], was: Callable[[str], bool]
) -> Iterator[Change]:
    with os.scandir(f"{upper}/{folder}") as members:
        found = {member.name: member.stat(follow_symlinks=False) for member in members}
    if folder and _is_opaque(f"{upper}/{folder}", opaque) and was(folder):
        yield Change(folder, "opaque")
    paths = [(joined(folder, name), found[name]) for name in sorted(found)]
    shown = [(path, seen) for path, seen in paths if path not in guarded]
    yield from (Change(path, "deleted") for path, seen in shown if _is_whiteout(seen))
    for path, seen in shown:
        if _is_whiteout(seen):
            continue
        _refuse_elsewhere(f"{upper}/{path}", path, opaque)
        yield Change(path)
        if stat.S_ISDIR(seen.st_mode):
            yield from _walk(upper, path, opaque, guarded, was)


def _is_whiteout(seen: os.stat_result) -> bool:
    return stat.S_ISCHR(seen.st_mode) and seen.st_rdev == 0


def _is_opaque(path: str, opaque: str) -> bool:
    try:
        return os.getxattr(path, opaque, follow_symlinks=False) == b"y"
    except OSError:
        return False


def _refuse_elsewhere(path: str, shown: str, opaque: str) -> None:
    prefix = opaque.removesuffix("opaque")
    for name in os.listxattr(path, follow_symlinks=False):
        if name.startswith(prefix) and name.removeprefix(prefix) in _ELSEWHERE:
            raise ChangesUnreadable(
                f"The overlay keeps what is in /{shown} elsewhere",
                evidence=(name,),
                hint="Mount it with redirect_dir=off,metacopy=off.",
            )
