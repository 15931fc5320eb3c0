"""What changed below a root between two moments: before and after a RUN.

Nothing is read but what the file system says of each path, with its change time, which no program can set: so
neither contents nor attributes have to be looked at. A root of a million files is kept in 30 MB.
"""

from __future__ import annotations

import os
import stat
import time
from array import array
from collections.abc import Collection, Iterator

from moorage.inside.layers.change import Change, Marks, deletions, differing, is_folder
from moorage.inside.layers.entry import joined
from moorage.inside.layers.errors import ChangesUnreadable

_COARSE = 5  # CLOCK_REALTIME_COARSE of Linux, which files get their times from
_TICKS = 20
_TICK = 0.002


class Snapshot:
    """How a root looks now; `changes` tells what is different since, and remembers that. Blocking.

    `guarded` as in `Root`: nothing of it is looked at.
    """

    def __init__(self, root: str, guarded: Collection[str] = ()) -> None:
        self._root = root.rstrip("/")
        self._guarded = frozenset(path.strip("/") for path in guarded)
        self._folders: dict[str, _Packed] = {}
        self._newest = 0
        pending = [""]
        while pending:
            folder = pending.pop()
            marks = self._look(folder)
            self._folders[folder] = _Packed(marks)
            pending += [joined(folder, name) for name, mark in marks.items() if is_folder(mark)]
        self._let_time_pass()

    def changes(self) -> list[Change]:
        """Folders before what is in them, names in order; a folder is told with whatever changed in it.

        Raises ChangesUnreadable.
        """
        before, self._folders = self._folders, {}
        try:
            found = list(self._walk("", before))
        except RecursionError:
            raise ChangesUnreadable(
                "The build made folders in folders without end", hint="See which of its commands does that."
            ) from None
        self._let_time_pass()
        return found

    def _walk(self, folder: str, earlier: dict[str, _Packed]) -> Iterator[Change]:
        before, after = earlier.pop(folder, _NOTHING).marks(), self._look(folder)
        self._folders[folder] = _Packed(after)
        yield from deletions(folder, before, after)
        new = differing(before, after)
        for name in sorted(after):
            path = joined(folder, name)
            told = name in new
            if told:
                yield Change(path)
            if is_folder(after[name]):
                for change in self._walk(path, earlier):
                    if not told:
                        told = True
                        yield Change(path)
                    yield change

    def _look(self, folder: str) -> Marks:
        marks = {}
        try:
            with os.scandir(f"{self._root}/{folder}") as members:
                for member in members:
                    if self._guarded and joined(folder, member.name) in self._guarded:
                        continue
                    try:
                        seen = member.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    self._newest = max(self._newest, seen.st_ctime_ns)
                    marks[member.name] = _mark(seen)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise ChangesUnreadable(
                f"/{folder} cannot be read: {error.strerror}", hint="Run the builder as root."
            ) from error
        return marks

    def _let_time_pass(self) -> None:
        """Until what is written from now on gets another time: file systems count in ticks of a few ms."""
        for _ in range(_TICKS):
            if time.clock_gettime_ns(_COARSE) > self._newest:
                return
            time.sleep(_TICK)


class _Packed:
    """Marks in little memory."""

    def __init__(self, marks: Marks) -> None:
        self._names = "\0".join(marks)
        self._marks = array("q", marks.values())

    def marks(self) -> Marks:
        return dict(zip(self._names.split("\0"), self._marks, strict=True)) if self._marks else {}


_NOTHING = _Packed({})


def _mark(seen: os.stat_result) -> int:
    """An overlay may number a folder anew while nobody looks; a file keeps its number until written."""
    what = (seen.st_mode, seen.st_uid, seen.st_gid, seen.st_mtime_ns, seen.st_ctime_ns)
    if stat.S_ISDIR(seen.st_mode):
        return hash(what) | 1
    return hash((*what, seen.st_ino, seen.st_size, seen.st_rdev)) & ~1
