"""One COPY or ADD from its words to files: each source in turn, then the heredocs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import posixpath
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from moorage.dockerfile.reads import is_remote
from moorage.inside.executor.copying.archive import is_archive, unpack_into
from moorage.inside.executor.copying.errors import (
    CopyNotDone,
    CopySourceMissing,
    CopyWrong,
    missing,
    not_done,
)
from moorage.inside.executor.copying.face import Copying, Fetch, Fetched, Source, Wanted
from moorage.inside.executor.copying.link import empty, merge
from moorage.inside.executor.copying.mode import Mode, read
from moorage.inside.executor.copying.place import Ground, destination
from moorage.inside.executor.copying.select import Filter, Match, holds, is_pattern, matches, pivot
from moorage.inside.executor.copying.tree import Files, Tree, Visible
from moorage.inside.executor.copying.write import Manner, Writer, vacate
from moorage.inside.layers.entry import Entry
from moorage.inside.layers.errors import LayerRefused
from moorage.inside.layers.metadata import Left, dress_file
from moorage.inside.layers.root import Root

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_UNPACKED = 0o755


async def copy(copying: Copying, source: Source, root: Root, fetch: Fetch) -> tuple[str, ...]:
    """Carry the instruction out below the root. Gives what could not be as the source has it, one line each.

    Nothing is undone where it fails. Raises CopyWrong, CopySourceMissing, CopyInTheWay, CopyNotDone,
    ArchiveRefused, and what `fetch` raises.
    """
    check(copying)
    mode = read(copying.mode)
    left = Left()
    # BuildKit takes --link as not given where there is a --chmod.
    if not (copying.link and not copying.mode):
        await _carry_out(_Copier(copying, mode, root, left), source, fetch)
        return left.lines
    with contextlib.ExitStack() as stack:
        layer = await asyncio.to_thread(stack.enter_context, empty(root))
        with root.below(layer) as below:
            await _carry_out(_Copier(copying, mode, below, left), source, fetch)
        await _in_thread(lambda: merge(root, layer, left), threading.Event())
    return left.lines


def check(copying: Copying) -> None:
    """What is wrong whatever the files are. Raises CopyWrong."""
    remote = [each for each in copying.sources if is_remote(each)]
    if remote and not copying.add:
        raise CopyWrong(f"{remote[0]} is an address, which COPY cannot copy from", hint="Use ADD.")
    if copying.checksum and len(copying.sources) != 1:
        raise CopyWrong("--checksum is for one source", hint="Write an ADD for each source.")
    if copying.checksum and not remote:
        raise CopyWrong("--checksum is for what is downloaded", hint="Take it away.")
    read(copying.mode)


async def _carry_out(copier: _Copier, source: Source, fetch: Fetch) -> None:
    copying = copier.copying
    for written in copying.sources:
        if not is_remote(written):
            await _in_thread(partial(copier.local, written, source), copier.stop)
            continue
        wanted = Wanted(address=written, checksum=copying.checksum, keep_git_dir=copying.keep_git_dir)
        async with fetch(wanted) as fetched:
            await _in_thread(partial(copier.fetched, fetched), copier.stop)
    for name, content in copying.heredocs:
        await _in_thread(partial(copier.heredoc, name, content), copier.stop)


class _Copier:
    """What is the same for all sources of an instruction. Blocking, but for `stop`, which ends it."""

    def __init__(self, copying: Copying, mode: Mode, root: Root, left: Left) -> None:
        self.copying = copying
        self.stop = threading.Event()
        self._mode = mode
        self._root = root
        self._left = left
        self._ground = Ground(root, copying.owner)
        self._to = destination(copying)

    def local(self, written: str, source: Source) -> None:
        """A source in a context or a stage."""
        with Root(source.folder) as files:
            tree: Tree = Files(files)
            try:
                if source.ignore:
                    tree = Visible(tree, source.ignore)
                self._local(written, files, tree, own=not source.is_context)
            except LayerRefused as error:
                raise missing(written) from error
            except CopySourceMissing as error:
                if source.ignore and _is_there(Files(files), error.written):
                    raise missing(error.written, ignored=True) from None
                raise
            except RecursionError:
                raise CopyNotDone(
                    f"{written} has folders in folders without end", hint="See what made them."
                ) from None

    def fetched(self, fetched: Fetched) -> None:
        """A file, or a folder, that was downloaded."""
        with Root(fetched.folder) as files:
            match = Match(path=fetched.name, name=fetched.name, kind="file" if fetched.name else "folder")
            chosen = Filter(exclude=self.copying.exclude)
            unpacks = self.copying.unpack_fetched
            self._match(match, files, Files(files), chosen, own=False, unpacks=unpacks)

    def heredoc(self, name: str, content: bytes) -> None:
        """A file that is in the Dockerfile itself."""
        with _told(self._to.path):
            spot = self._ground.spot(self._to, name, self._mode)
            if spot is None or self._root.is_guarded(spot.place, spot.name):
                return self._left.add(f"/{self._to.path} is not touched")
            vacate(self._root, spot)
            uid, gid = self.copying.owner or (0, 0)
            mode = self._mode.of(0o644, is_folder=False)
            entry = Entry(path=spot.path, kind="file", mode=mode, uid=uid, gid=gid, mtime=time.time_ns())
            fd = os.open(spot.name, _NEW, 0o600, dir_fd=spot.place.fd)
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                file.flush()
                dress_file(fd, entry, spot.place.inherits, self._left)
        return None

    def _local(self, written: str, files: Root, tree: Tree, *, own: bool) -> None:
        copying = self.copying
        base, include = pivot(written) if copying.parents else (written, "")
        chosen = Filter(include, copying.exclude)
        # BuildKit asks for the path as it is, so that here a link before the pivot is not followed either.
        is_plain = copying.parents and not is_pattern(written)
        if is_plain and not (include and holds(tree, posixpath.join(base, include))):
            raise missing(written)
        for match in matches(tree, base):
            self._match(match, files, tree, chosen, own=own, unpacks=copying.unpack)

    def _match(
        self, match: Match, files: Root, tree: Tree, chosen: Filter, *, own: bool, unpacks: bool
    ) -> None:
        manner = Manner(mode=self._mode, owner=self.copying.owner, own=own)
        writer = Writer(files, self._root, manner, self._left, self.stop)
        with _told(self._to.path):
            if match.kind == "folder":
                into = self._ground.folder(self._to.path, self._mode.made)
                if into is None or into.guarded:
                    return self._left.add(f"/{self._to.path} is not touched")
                return writer.folder(tree, match.path, into, chosen)
            if unpacks and match.kind == "file" and self._unpacked(match, files):
                return None
            spot = self._ground.spot(self._to, match.name, self._mode)
            if spot is None:
                return self._left.add(f"/{self._to.path} is not touched")
            return writer.file(match.path, spot)

    def _unpacked(self, match: Match, files: Root) -> bool:
        folder, _, name = match.path.rpartition("/")
        above = files.folder(folder, make=False)
        if above is None:
            raise missing(match.path)
        fd = os.open(name, _READ, dir_fd=above.fd)
        try:
            if not is_archive(fd, match.name):
                return False
            into = self._ground.folder(self._to.path, _UNPACKED)
            if into is None or into.guarded:
                self._left.add(f"/{self._to.path} is not touched")
                return True
            for line in unpack_into(fd, match.name, self._root, into, self.copying.owner):
                self._left.add(line)
            return True
        finally:
            os.close(fd)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise not_done(path, error) from error


def _is_there(tree: Tree, written: str) -> bool:
    try:
        return bool(matches(tree, written))
    except CopySourceMissing:
        return False


async def _in_thread(work: Callable[[], None], stop: threading.Event) -> None:
    """Nothing runs on when this ends: whoever is cancelled waits until the thread has seen it."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait((running,))
        if not running.cancelled():
            running.exception()  # seen: being cancelled is what is told
        raise
