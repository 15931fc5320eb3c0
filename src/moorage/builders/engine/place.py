"""Where the Dockerfile goes, so that the builder finds it and no COPY takes a file that is not the user's.

A context that comes as an archive must hold its Dockerfile. Where an instruction reads the whole context and
the Dockerfile is none of it (ignored, outside, or generated), no name inside is safe: the context is then
unpacked into a private folder, with the Dockerfile beside it.

A folder whose modes are in normal form already need not become an archive: the builder reads it where it is
and fetches only what is new to it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from moorage.builders.base import Context, Entry
from moorage.dockerfile.globs import component
from moorage.spec.build import BuildSpec

OWN = ".moorage.Dockerfile"


class Place(msgspec.Struct, frozen=True):
    """`own`: a file of the context. `added`: added as `name`. `beside`: it cannot be inside."""

    kind: Literal["own", "added", "beside"]
    name: str


def place(spec: BuildSpec, text: str, context: Context) -> Place:
    """Decide for one build, in which the Dockerfile says `text`."""
    if not is_read(OWN, context.patterns):
        return Place("added", OWN)
    if _is_among(spec.dockerfile_name, context) and _says(spec, text):
        return Place("own", spec.dockerfile_name)
    return Place("beside", OWN)


def is_read(name: str, patterns: Iterable[str]) -> bool:
    """Whether a file `name` at the root of the context would be read."""
    firsts = [pattern.partition("/")[0] for pattern in patterns]
    return any(first in (".", "**") or component(first).fullmatch(name) for first in firsts)


def encoded(text: str) -> bytes:
    """A Dockerfile's bytes."""
    return text.encode(errors="surrogateescape")


def _is_among(path: str, context: Context) -> bool:
    return any(entry.path == path for entry in context.entries)


def _says(spec: BuildSpec, text: str) -> bool:
    try:
        return Path(spec.context, spec.dockerfile_name).read_bytes() == encoded(text)
    except OSError:
        return False


class Unpacked(msgspec.Struct, frozen=True):
    """A private folder with the `context` as sent and the `dockerfile`."""

    context: str
    dockerfile: str


def readable_in_place(spec: BuildSpec, context: Context) -> bool:
    """Whether the builder may read the folder itself: it then takes what an archive would give it. Blocking.

    Everything that was hashed has an archive's modes, and no time of a file is a round second: BuildKit takes
    a file of the same path, size and time for one that it has, even from another folder, and times that were
    set (by npm, tar and their like) do not tell contents apart. Afterwards `unchanged` must hold besides.
    """
    if not spec.context:
        return False
    return all(_is_plain(entry) for entry in context.entries) and _folders_are_plain(spec, context)


def unchanged(spec: BuildSpec, context: Context) -> bool:
    """Whether the folder still is as it was hashed, so that this is what the builder has read. Blocking."""
    try:
        files = (entry for entry in context.entries if entry.mode)
        return all(_is_as_hashed(spec, each) for each in files) and _folders_are_plain(spec, context)
    except OSError:
        return False


def beside(folder: str, text: str, context: Context) -> str:
    """Write a Dockerfile below `folder`, with the ignore file for a context that is read where it is."""
    path = Path(folder, "Dockerfile")
    path.write_bytes(encoded(text))
    ignore = Path(f"{path}.dockerignore")
    ignore.write_bytes(encoded(context.ignore) or b"# nothing\n")  # an empty one would not count
    return str(path)


def unpack(folder: str, text: str, context: Context) -> Unpacked:
    """Write both below `folder`. Blocking. The context's own ignore file, applied already, is overruled."""
    import tarfile  # only where an archive will not do

    dockerfile = beside(folder, text, msgspec.structs.replace(context, ignore=""))
    unpacked = Unpacked(f"{folder}/context", dockerfile)
    os.mkdir(unpacked.context, 0o700)  # noqa: PTH102
    with tarfile.open(fileobj=_Stream(context), mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            if hasattr(tarfile, "tar_filter"):  # Python 3.11.4; the archive is our own in any case
                archive.extract(member, unpacked.context, filter="tar")
            else:
                archive.extract(member, unpacked.context)
            if member.isreg():
                _date(f"{unpacked.context}/{member.name}")
    return unpacked


def _is_plain(entry: Entry) -> bool:
    if not stat.S_ISREG(entry.mode):
        return True
    return stat.S_IMODE(entry.mode) in (0o644, 0o755) and entry.modified % 1_000_000_000 != 0


def _is_as_hashed(spec: BuildSpec, entry: Entry) -> bool:
    now = os.lstat(f"{spec.context}/{entry.path}")
    if (now.st_mode, now.st_mtime_ns, now.st_ino) != (entry.mode, entry.modified, entry.inode):
        return False
    return now.st_size == entry.size or stat.S_ISLNK(now.st_mode)


def _folders_are_plain(spec: BuildSpec, context: Context) -> bool:
    folders = _parents(context) | {entry.path for entry in context.entries if not entry.mode}
    try:
        looks = (os.lstat(f"{spec.context}/{folder}").st_mode for folder in folders)
        return all(stat.S_ISDIR(mode) and stat.S_IMODE(mode) == 0o755 for mode in looks)
    except OSError:
        return False


def _parents(context: Context) -> set[str]:
    found = {entry.path.rpartition("/")[0] for entry in context.entries}
    for folder in tuple(found):
        while folder := folder.rpartition("/")[0]:
            found.add(folder)
    return found - {""}


def _date(path: str) -> None:
    """BuildKit takes a file of the same path, size and time for the one it has: the time must tell contents.

    The second stays that of the archive; the nanoseconds are a hash of the content.
    """
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    second = os.stat(path).st_mtime_ns // 1_000_000_000  # noqa: PTH116
    moment = second * 1_000_000_000 + int.from_bytes(digest[:8]) % 1_000_000_000
    os.utime(path, ns=(moment, moment))


class _Stream:
    """The chunks of an archive as a file that can only be read on."""

    def __init__(self, context: Context) -> None:
        self._chunks = context.archive({})
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
