"""What one COPY or ADD asks for, and where its files come from."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from moorage.dockerfile.ignore import Ignore


class Copying(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction, its words expanded and without quotes.

    `sources` and `destination` are as written: patterns count, as does a slash at the end. `folder` is the
    WORKDIR in effect. `owner` is --chown, names resolved; None leaves a stage's owners, all else is root's.
    `mode` is --chmod, octal or symbolic. `add` tells ADD from COPY: only that takes URLs.
    `unpack`: archives of the context are unpacked (ADD without --unpack=false); `unpack_fetched`: downloaded
    ones are, too (--unpack=true). `heredocs` are name and content.
    """

    sources: tuple[str, ...] = ()
    destination: str
    folder: str = "/"
    owner: tuple[int, int] | None = None
    mode: str = ""
    parents: bool = False
    exclude: tuple[str, ...] = ()
    link: bool = False
    add: bool = False
    unpack: bool = False
    unpack_fetched: bool = False
    keep_git_dir: bool = False
    checksum: str = ""
    heredocs: tuple[tuple[str, bytes], ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A real folder: a context, or the root of a finished stage or of an image.

    `ignore` hides what the builder does not get of a context. Its owners are not taken, a stage's are.
    """

    folder: str
    ignore: Ignore | None = None
    is_context: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What ADD downloads: an address as written, a file's over HTTP(S) or a Git repository's."""

    address: str
    checksum: str = ""
    keep_git_dir: bool = False


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is now: the file `name` in a folder, or with "" all that is in it."""

    folder: str
    name: str = ""


class Fetch(Protocol):
    """Downloads; what it gives is there as long as the context is open. Raises what `fetch` raises."""

    def __call__(self, wanted: Wanted) -> AbstractAsyncContextManager[Fetched]: ...
