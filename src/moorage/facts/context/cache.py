"""Remembers digests between runs. Losing or damaging it costs time, never a wrong answer."""

from __future__ import annotations

import hashlib
import os
from typing import TypeVar

import msgspec
from msgspec import Struct

from moorage.facts.context.tree import Entry, Kind

_FORMAT = 2


class Remembered(Struct, frozen=True, kw_only=True):
    """The digests of a tree whose fingerprint is known."""

    digest: str
    digests: dict[int, str]


class _Tree(Struct, kw_only=True):
    format: int
    fingerprint: str
    known: Remembered


class _Files(Struct, kw_only=True):
    format: int
    files: list[tuple[bytes, tuple[Kind, bool, int, int, int, int, int], bytes]]


class Cache:
    """Two files per context: a small one for the tree as a whole, and one with a hash per file."""

    def __init__(self, folder: str, root: str) -> None:
        name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:32]
        self._folder = folder
        self._tree = f"{folder}/{name}.tree"
        self._files = f"{folder}/{name}.files"

    def tree(self, fingerprint: str) -> Remembered | None:
        found = _load(self._tree, _Tree)
        usable = found is not None and found.format == _FORMAT and found.fingerprint == fingerprint
        return found.known if found is not None and usable else None

    def keep_tree(self, fingerprint: str, known: Remembered) -> None:
        self._store(self._tree, _Tree(format=_FORMAT, fingerprint=fingerprint, known=known))

    def files(self) -> dict[str, tuple[Entry, bytes]]:
        """Path to what the file looked like, and the hash of its content then."""
        found = _load(self._files, _Files)
        if found is None or found.format != _FORMAT:
            return {}
        decoded = ((os.fsdecode(path), look, content) for path, look, content in found.files)
        return {path: (msgspec.convert((path, *look), Entry), content) for path, look, content in decoded}

    def keep_files(self, files: dict[str, tuple[Entry, bytes]]) -> None:
        rows = [
            (
                os.fsencode(path),
                (e.kind, e.executable, e.size, e.modified, e.changed, e.inode, e.mode),
                content,
            )
            for path, (e, content) in files.items()
        ]
        self._store(self._files, _Files(format=_FORMAT, files=rows))

    def _store(self, path: str, value: Struct) -> None:
        """Beside and renamed, so that no reader sees half of it. A full or read-only disk does not matter."""
        beside = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)  # noqa: PTH103  # pathlib costs start-up time
            with open(beside, "xb") as handle:  # noqa: PTH123
                handle.write(msgspec.msgpack.encode(value))
            os.replace(beside, path)  # noqa: PTH105
        except OSError:
            _drop(beside)


_T = TypeVar("_T")


def _load(path: str, kind: type[_T]) -> _T | None:
    try:
        with open(path, "rb") as handle:  # noqa: PTH123
            return msgspec.msgpack.decode(handle.read(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def _drop(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108
    except OSError:
        return
