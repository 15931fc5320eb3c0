"""What a target reads besides images, as data: those who only look at files load no parser for it."""

from __future__ import annotations

from msgspec import Struct

EVERYTHING = "."


class Read(Struct, frozen=True, kw_only=True):
    """What one instruction takes from the context."""

    line: int
    keyword: str
    text: str
    """The arguments as written, for messages."""
    sources: tuple[str, ...]
    """Clean patterns relative to the context, `.` for all of it; folders stand for all that is in them."""
    exclude: tuple[str, ...] = ()
    """Patterns of --exclude."""


class Remote(Struct, frozen=True, kw_only=True):
    """What an ADD downloads."""

    line: int
    url: str
    git: bool
    pin: str | None
    """A checksum or a full commit; None where what comes tomorrow may differ from today's."""


class Reads(Struct, frozen=True, kw_only=True):
    """All that a target reads besides images."""

    items: tuple[Read, ...]
    everything: bool
    """True where some instruction takes the whole context."""
    remote: tuple[Remote, ...]
    onbuild: bool
    """True where a stage leaves triggers; what they read is decided by whoever builds on the image."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every pattern once, in the order of the file."""
        return tuple(dict.fromkeys(source for item in self.items for source in item.sources))
