"""Where the Dockerfile goes, so that the builder finds it and no COPY takes a file that is not the user's.

A context that comes as an archive must hold its Dockerfile. Where an instruction reads the whole context and
the Dockerfile is none of it (ignored, outside, or generated), no name inside is safe: the context is then
unpacked into a private folder, with the Dockerfile beside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from moorage.builders.base import Context
from moorage.dockerfile.globs import component
from moorage.spec.build import BuildSpec

OWN = ".moorage.Dockerfile"


class Place(msgspec.Struct, frozen=True):
    """`own`: it is a file of the context. `added`: it is added as `name`. `beside`: it cannot be inside."""

    kind: Literal["own", "added", "beside"]
    name: str


def place(spec: BuildSpec, text: str, context: Context) -> Place:
    """Decide for one build, in which the Dockerfile says `text`."""
    if not is_read(OWN, context.patterns):
        return Place("added", OWN)
    if context.holds(spec.dockerfile_name) and _says(spec, text):
        return Place("own", spec.dockerfile_name)
    return Place("beside", OWN)


def is_read(name: str, patterns: Iterable[str]) -> bool:
    """Whether a file `name` at the root of the context would be read."""
    firsts = [pattern.partition("/")[0] for pattern in patterns]
    return any(first in (".", "**") or component(first).fullmatch(name) for first in firsts)


def encoded(text: str) -> bytes:
    """A Dockerfile's bytes."""
    return text.encode(errors="surrogateescape")


def _says(spec: BuildSpec, text: str) -> bool:
    try:
        return Path(spec.context, spec.dockerfile_name).read_bytes() == encoded(text)
    except OSError:
        return False


class Unpacked(msgspec.Struct, frozen=True):
    """A private folder with the `context` as sent and the `dockerfile`."""

    context: str
    dockerfile: str


def unpack(folder: str, text: str, context: Context) -> Unpacked:
    """Write both below `folder`. Blocking. The context's own ignore file, applied already, is overruled."""
    import tarfile  # only where an archive will not do

    unpacked = Unpacked(f"{folder}/context", f"{folder}/Dockerfile")
    os.mkdir(unpacked.context, 0o700)  # noqa: PTH102
    with tarfile.open(fileobj=_Stream(context), mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            archive.extract(member, unpacked.context, filter="tar")
            if member.isreg():
                _date(f"{unpacked.context}/{member.name}")
    Path(unpacked.dockerfile).write_bytes(encoded(text))
    Path(f"{unpacked.dockerfile}.dockerignore").write_text("# applied already\n")
    return unpacked


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
