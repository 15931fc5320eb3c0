"""The data of a build context, and what can go wrong with it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from moorage.errors import ConfigurationError, SourceError

Kind = Literal["file", "folder", "link"]


class ContextMissing(ConfigurationError):
    """The folder of build.context is not there."""

    code = "build-context-missing"


class ContextUnreadable(SourceError):
    """A file that the build needs cannot be read."""

    code = "build-context-unreadable"


class ContextChanged(SourceError):
    """A file changed between being looked at and being read; looking again helps unless it never rests."""

    code = "build-context-changed"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} changed while the build context was read",
            evidence=(path,),
            hint="Try again; name files that programs keep writing to in .dockerignore.",
        )


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """One path of the context as it was when looked at. Times are nanoseconds."""

    path: str
    """Relative, with slashes; bytes that are no UTF-8 are surrogates (os.fsdecode)."""
    kind: Kind
    executable: bool
    size: int
    modified: int
    changed: int
    inode: int
    mode: int = 0
    """Type and permissions as stat has them; 0 for folders, which are not looked at."""


class Missing(Struct, frozen=True):
    """A source that an instruction names and that is not in the context, or is kept out by .dockerignore."""

    line: int
    source: str


class ContextTree(Struct, frozen=True, kw_only=True):
    """What a target reads of a context. Equal digests: equal contents, names, links and executable bits."""

    digest: str
    """sha256 over all that is read, in hex."""
    digests: dict[int, str]
    """The same for each instruction that reads, by its line."""
    entries: list[Entry]
    """In the order of their paths."""
    missing: tuple[Missing, ...] = ()
    cached: bool = False
    """True where no file had to be read."""

    @property
    def size(self) -> int:
        """Bytes in files."""
        return sum(entry.size for entry in self.entries)

    def holds(self, path: str) -> bool:
        """Whether a path is among what is read, for a Dockerfile that a builder finds only in the archive."""
        return any(entry.path == path for entry in self.entries)
