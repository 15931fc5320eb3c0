"""Reading a Git source before it is cloned: all names at once, contents as they are asked for."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping

import msgspec

from ..errors import SourceError
from ..spec.source import GitSource
from . import failure, store
from .client import ResolvedRef
from .process import Progress
from .store import Store

LARGEST = 32 * 1024 * 1024
_LINKS = 20


class FileNotInRepository(SourceError):
    """The commit holds no file of this path, or a symbolic link leads out of the repository."""

    code = "file-not-in-repository"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One path of the commit; `mode` is git's: 0o100644, 0o100755, 0o120000 (link), 0o160000 (submodule)."""

    mode: int
    object: str

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_submodule(self) -> bool:
        return self.mode == 0o160000


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """A commit in the cache. `files` are all its paths in git's order; `notes` tell of fallbacks taken."""

    source: GitSource
    commit: str
    ref: str
    files: Mapping[str, Entry]
    notes: tuple[str, ...]
    store: Store

    def __contains__(self, path: str) -> bool:
        return path in self.files

    async def read(self, path: str) -> bytes:
        """A file's content, symbolic links inside the repository followed. Raises FileNotInRepository."""
        entry = self.files[await self._followed(path)]
        await self.load([entry])
        return await self._blob(entry)

    async def load(self, entries: Iterable[Entry]) -> None:
        """Have the contents of these entries, with at most one request to the server."""
        blobs = {entry.object for entry in entries if not entry.is_submodule}
        if not blobs:
            return
        async with store.locked(self.store):
            await store.ensure_commit(self.store, self.commit, self.ref)
            await store.ensure_blobs(self.store, blobs)

    async def _blob(self, entry: Entry) -> bytes:
        size = await self.store.local("cat-file", "-s", entry.object)
        if size.code == 0 and int(size.stdout) > LARGEST:
            raise failure.GitFailed(
                f"A file of {int(size.stdout)} bytes is too large to be read.",
                hint=f"Keep files that moorage reads below {LARGEST} bytes.",
            )
        done = await self.store.local("cat-file", "blob", entry.object)
        if done.code != 0:
            raise failure.explained(self.source.url, done.stderr)
        return done.stdout

    async def _followed(self, path: str) -> str:
        """The path with every link in it resolved, as the kernel would, but never above the root."""
        done: list[str] = []
        rest = path.split("/")
        for _ in range(_LINKS):
            link = _first_link(self.files, done, rest)
            if link is None:
                break
            await self.load([link])
            rest[:0] = (await self._blob(link)).decode("utf-8", "surrogateescape").split("/")
            if rest[0] == "":
                raise FileNotInRepository(
                    f"{path} is a link out of the repository.", hint="Use a relative link."
                )
        found = "/".join(done)
        if rest or found not in self.files or self.files[found].is_submodule:
            raise FileNotInRepository(
                f"The commit {self.commit[:12]} has no file {path}.", hint="Check the path and the branch."
            )
        return found


async def fetch(
    source: GitSource,
    cache: str,
    *,
    resolved: ResolvedRef,
    timeout: float = 300,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Checkout:
    """Have the commit's tree in the cache, and the files of its `.devcontainer`, at most two requests.

    `cache` is a folder that may be deleted at any time; `timeout` is in seconds for each call of git. Raises
    RefNotFound, GitTimeout and what `client.ls_remote` raises.
    """
    place = store.folder(source, cache)
    kept = Store(folder=place, url=source.url, environ=environ, timeout=timeout, progress=progress)
    try:
        return await _fetch(source, resolved, kept)
    except failure.GitFailed:  # maybe broken by a full disk or a half deletion
        async with store.locked(kept):
            store.discard(kept)
        return await _fetch(source, resolved, kept)


async def _fetch(source: GitSource, resolved: ResolvedRef, kept: Store) -> Checkout:
    async with store.locked(kept):
        notes = await store.ensure_commit(kept, resolved.commit, resolved.ref)
        files = await _tree(kept, resolved.commit)
        await store.ensure_blobs(kept, _configurations(files, resolved.subfolder or ""))
    return Checkout(
        source=source, commit=resolved.commit, ref=resolved.ref, files=files, notes=notes, store=kept
    )


async def _tree(kept: Store, commit: str) -> dict[str, Entry]:
    done = await kept.local("ls-tree", "-r", "-z", "--full-tree", commit)
    if done.code != 0:
        raise failure.explained(kept.url, done.stderr)
    files = {}
    for line in done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, _, name = line.partition("\t")
        mode, _, object_ = facts.split(" ")
        files[name] = Entry(mode=int(mode, 8), object=object_)
    return files


def _configurations(files: Mapping[str, Entry], subfolder: str) -> list[str]:
    """What discovery will read in any case."""
    top = f"{subfolder}/" if subfolder else ""
    places = (f"{top}.devcontainer/", f"{top}.devcontainer.json")
    return [
        entry.object for name, entry in files.items() if name.startswith(places) and not entry.is_submodule
    ]


def _first_link(files: Mapping[str, Entry], done: list[str], rest: list[str]) -> Entry | None:
    """Move names from `rest` to `done` until one is a link; that one is taken off both."""
    while rest:
        name = rest.pop(0)
        if name == ".." and not done:
            rest.insert(0, name)
            return None
        if name == "..":
            done.pop()
        elif name not in ("", "."):
            done.append(name)
            entry = files.get("/".join(done))
            if entry and entry.is_link:
                done.pop()
                return entry
    return None
