"""What every builder offers: `Builder`, the context that it is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from moorage.events import Reporter
from moorage.spec.build import BuildSpec

LIMIT = 6 * 3600.0
"""Seconds that a build may take unless the caller says otherwise."""


class Entry(Protocol):
    """One file, link or folder of a context as it was when it was hashed.

    `modified` in nanoseconds, `mode` as stat has it; `mode` 0: only a look at the path tells more.
    """

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def modified(self) -> int: ...
    @property
    def inode(self) -> int: ...
    @property
    def mode(self) -> int: ...


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The files that a build reads, not read yet.

    `archive` gives them as a normalised tar in chunks, the given files added or put in place of others; it is
    blocking and may be called more than once. `patterns` is what the Dockerfile reads of the context (as in
    `dockerfile.reading.Reads.patterns`), `entries` what this comes to, `ignore` the text of the ignore file
    that was applied.
    """

    archive: Callable[[Mapping[str, bytes]], Iterator[bytes]]
    patterns: tuple[str, ...]
    entries: Sequence[Entry]
    ignore: str = ""


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """One image, there under its tag. `digest` is what a registry knows it by (None where none does)."""

    image_id: str
    digest: str | None
    seconds: float
    cached_steps: int


class Builder(Protocol):
    """One place where images are made. Errors are `ImageError`, `EngineError` or `ConfigurationError`."""

    def check(self, spec: BuildSpec) -> tuple[str, ...]:
        """Why this builder cannot build this, before anything is started; nothing when it can."""
        ...

    async def build(self, spec: BuildSpec, context: Context, reporter: Reporter, step: str) -> Built:
        """Build and tag. Its own steps are reported as `step`/1, `step`/2 and so on."""
        ...
