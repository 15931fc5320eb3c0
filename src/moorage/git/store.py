"""One bare repository of the cache: shallow, blobless, shared between processes, deletable at any time.

Whoever changes it holds its lock; whatever is missing or broken is made anew. It keeps no URL: the address is
given to git each time, so that nothing is fetched behind a caller's back.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from ..errors import SourceError
from ..spec.source import GitSource, canonical
from . import failure
from .process import Finished, Progress, checked, run

_CONFIG = """
[core]
\trepositoryFormatVersion = 1
\tautocrlf = false
\thooksPath = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""
_PARTIAL = """
[extensions]
\tpartialClone = origin
[remote "origin"]
\tpromisor = true
\tpartialCloneFilter = blob:none
"""
_PLAIN = "moorage-plain"
_FETCH = ("fetch", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--progress")
_EVERYTHING = ("+refs/heads/*:refs/moorage/heads/*", "+refs/tags/*:refs/moorage/tags/*")
_POLL = 0.05
NO_FILTER = "The server sends no parts of a repository, so all files of the commit were fetched."
NO_SHALLOW = "The server sends no single commits, so the whole history was fetched."


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Where the repository of one address is, and how git is run for it. `timeout` is in seconds a call."""

    folder: str
    url: str
    environ: Mapping[str, str] | None = None
    timeout: float = 300
    progress: Progress | None = None

    async def local(
        self, *arguments: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None
    ) -> Finished:
        """Run git on what is here; without an address it can fetch nothing."""
        env = {**(os.environ if self.environ is None else self.environ), **(environ or {})}
        argv = (f"--git-dir={self.folder}", *arguments)
        return await run(*argv, url="", timeout=self.timeout, environ=env, stdin=stdin)

    async def remote(self, *arguments: str, stdin: bytes = b"") -> Finished:
        """Run git with the address. Raises what git's words mean, see `failure.explained`."""
        argv = (f"--git-dir={self.folder}", "-c", f"remote.origin.url={self.url}", *arguments)
        return await checked(
            *argv,
            url=self.url,
            timeout=self.timeout,
            environ=self.environ,
            stdin=stdin,
            progress=self.progress,
        )


def folder(source: GitSource, cache: str) -> str:
    """Where in the folder `cache` a source's repository is kept; all its branches and commits share it."""
    key = canonical(GitSource(url=source.url))
    return str(Path(cache) / sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32])


@contextlib.asynccontextmanager
async def locked(store: Store) -> AsyncIterator[None]:
    """Hold the store's lock, which the kernel gives back if we are killed. Raises GitTimeout."""
    path = Path(f"{store.folder}.lock")
    deadline = time.monotonic() + store.timeout
    while (descriptor := _try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise failure.timed_out(store.url, store.timeout)
        await asyncio.sleep(_POLL)
    try:
        yield
    finally:
        os.close(descriptor)


async def ensure_commit(store: Store, commit: str, ref: str) -> tuple[str, ...]:
    """Have the commit and its trees; gives notes on what the server could not do. The lock must be held.

    `ref` is where the commit was found, for servers that give refs only. Raises RefNotFound and others.
    """
    await _ensure_repository(store, commit)
    if await _has_commit(store, commit):
        return ()
    if _is_plain(store):
        return await _fetch_everything(store, commit, ref)
    failed: SourceError | None = None
    for wanted in (commit, f"+{ref}:refs/moorage/tip") if ref else (commit,):
        try:
            done = await store.remote(*_FETCH, "--depth=1", "--filter=blob:none", "origin", wanted)
        except (failure.RefNotFound, failure.GitFailed) as error:
            failed = failed or error
            continue
        if await _has_commit(store, commit):
            return (NO_FILTER,) if _mentions(done.stderr, "filtering not recognized") else ()
    if failed and _mentions(failed.evidence, "dumb http", "unadvertised object"):
        discard(store)
        await _ensure_repository(store, commit, plain=True)
        return await _fetch_everything(store, commit, ref)
    if isinstance(failed, failure.GitFailed):
        raise failed
    raise failure.ref_not_found(store.url, f"commit {commit}", failed.evidence if failed else ())


async def ensure_blobs(store: Store, blobs: Iterable[str]) -> None:
    """Have these blobs, with one fetch for all that are missing. The lock must be held."""
    wanted = set(blobs)
    missing = wanted - await _objects(store) if wanted else wanted
    if not missing:
        return
    stdin = "".join(f"{blob}\n" for blob in sorted(missing)).encode()
    # As git's own lazy fetch does: ask for the objects by name, tell nothing of what is here.
    options = ("-c", "fetch.negotiationAlgorithm=noop")
    await store.remote(*options, *_FETCH, "--filter=blob:none", "--stdin", "origin", stdin=stdin)


def discard(store: Store) -> None:
    """Remove a store that is broken; the next use makes it anew. The lock must be held."""
    shutil.rmtree(store.folder, ignore_errors=True)


def _try_lock(path: Path) -> int | None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:  # else the cache was deleted in between
            return descriptor
    os.close(descriptor)
    return None


async def _ensure_repository(store: Store, commit: str, *, plain: bool = False) -> None:
    """Made beside and renamed, so that a repository that is there is whole."""
    if (Path(store.folder) / "HEAD").exists():
        return
    beside = Path(f"{store.folder}.new")
    shutil.rmtree(beside, ignore_errors=True)
    discard(store)
    kind = "sha256" if len(commit) == 64 else "sha1"
    options = ("init", "-q", "--bare", "--template=", f"--object-format={kind}", str(beside))
    await checked(*options, url=store.url, timeout=store.timeout, environ=store.environ)
    with (beside / "config").open("a") as config:
        config.write(_CONFIG if plain else _CONFIG + _PARTIAL)
    if plain:
        (beside / _PLAIN).touch()
    beside.rename(store.folder)


async def _fetch_everything(store: Store, commit: str, ref: str) -> tuple[str, ...]:
    """For servers without partial and shallow clones, where git's walker would follow a promisor for ever."""
    await store.remote(*_FETCH, "origin", *_EVERYTHING, *([f"+{ref}:refs/moorage/tip"] if ref else []))
    if not await _has_commit(store, commit):
        raise failure.ref_not_found(store.url, f"commit {commit}")
    return (NO_SHALLOW,)


def _is_plain(store: Store) -> bool:
    return (Path(store.folder) / _PLAIN).exists()


async def _has_commit(store: Store, commit: str) -> bool:
    return (await store.local("cat-file", "-e", f"{commit}^{{commit}}")).code == 0


async def _objects(store: Store) -> set[str]:
    options = ("--batch-check=%(objectname)", "--batch-all-objects", "--unordered")
    done = await store.local("cat-file", *options)
    return set(done.stdout.decode("ascii", "replace").split())


def _mentions(lines: Iterable[str], *words: str) -> bool:
    return any(word in line for line in lines for word in words)
