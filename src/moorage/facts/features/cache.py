"""What was fetched once, by its digest: nothing appears before it is whole, and all of it may be deleted."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from moorage.dockerfile.ignore import Ignore
from moorage.dockerfile.reading import EVERYTHING, Read, Reads
from moorage.facts.context import ContextTree, hash_context

_ATTEMPTS = 3
_LEFT_BEHIND = 86_400
"""Seconds; no download takes that long."""

_ALL = Reads(
    items=(Read(line=0, keyword="COPY", text=EVERYTHING, sources=(EVERYTHING,)),),
    everything=True,
    remote=(),
    onbuild=False,
)


def tree(folder: Path) -> ContextTree:
    """All of a folder in its normal form: paths, contents, executable bits, targets of links."""
    return hash_context(str(folder), _ALL, Ignore())


class Cache:
    """Manifests and unpacked archives below one folder, shared by any number of processes."""

    def __init__(self, folder: Path) -> None:
        self._manifests = folder / "manifests"
        self._files = folder / "files"

    def manifest(self, digest: str) -> bytes | None:
        """The manifest of this digest, which is checked again: a disk forgets too."""
        try:
            body = (self._manifests / _name(digest)).read_bytes()
        except OSError:
            return None
        algorithm, _, expected = digest.partition(":")
        return body if hashlib.new(algorithm, body).hexdigest() == expected else None

    def keep_manifest(self, digest: str, body: bytes) -> None:
        """A cache that cannot be written is no reason to fail."""
        beside = self._manifests / f".{os.urandom(8).hex()}"
        with contextlib.suppress(OSError):
            self._manifests.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.write_bytes(body)
            beside.replace(self._manifests / _name(digest))

    def files(self, digest: str) -> Path | None:
        """The folder of the archive of this digest, if nothing in it has changed since it was taken out."""
        entry = self._files / _name(digest)
        try:
            expected = (entry / "tree").read_text()
            return entry / "feature" if tree(entry / "feature").digest == expected else None
        except Exception:  # whatever is wrong with it, it is fetched again
            return None

    def keep_files(self, digest: str, fill: Callable[[Path], None]) -> Path:
        """Have `fill` put files into a folder that appears as a whole under the digest. Blocking.

        Where another process was faster, its folder stays and is the answer.
        """
        self._files.mkdir(mode=0o700, parents=True, exist_ok=True)
        from shutil import (
            rmtree,
        )  # as everywhere here, only where something is fetched: it brings compressors

        beside = self._files / f".new-{os.urandom(8).hex()}"
        beside.mkdir(mode=0o700)
        try:
            (beside / "feature").mkdir()
            fill(beside / "feature")
            (beside / "tree").write_text(tree(beside / "feature").digest)
            return self._place(beside, digest)
        finally:
            rmtree(beside, ignore_errors=True)

    def scratch(self) -> Path:
        """A new file beside the others, for an archive on its way."""
        self._files.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        path = self._files / f".archive-{os.urandom(8).hex()}"
        path.touch(mode=0o600, exist_ok=False)
        return path

    def _sweep(self) -> None:
        """What a run that was killed left on its way, long ago."""
        from shutil import rmtree

        for left in self._files.glob(".*"):
            with contextlib.suppress(OSError):
                if left.lstat().st_mtime > time.time() - _LEFT_BEHIND:
                    continue
                if left.is_dir():
                    rmtree(left, ignore_errors=True)
                else:
                    left.unlink()

    def _place(self, beside: Path, digest: str) -> Path:
        entry = self._files / _name(digest)
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(OSError):
                beside.rename(entry)
                return entry / "feature"
            if found := self.files(digest):
                return found
            self._put_away(entry)
        beside.rename(entry)
        return entry / "feature"

    def _put_away(self, entry: Path) -> None:
        from shutil import rmtree

        damaged = self._files / f".old-{os.urandom(8).hex()}"
        with contextlib.suppress(OSError):
            entry.rename(damaged)
        rmtree(damaged, ignore_errors=True)


def _name(digest: str) -> str:
    return digest.replace(":", "-")
