"""The data that a parsed Dockerfile is made of."""

from __future__ import annotations

from msgspec import Struct


class Heredoc(Struct, frozen=True, kw_only=True):
    """One here-document behind an instruction, as the Dockerfile reference describes it."""

    name: str
    """The delimiter, without its quotes."""
    content: str
    """The lines between, each with its newline; leading tabs are gone where `<<-` was written."""
    expand: bool
    """False where the delimiter was quoted: the builder then leaves variables alone."""


class Instruction(Struct, frozen=True, kw_only=True):
    """One instruction with its place in the file, nothing in it expanded yet."""

    keyword: str
    """In capitals."""
    flags: tuple[tuple[str, str | None], ...] = ()
    """`--name=value` in their order, quotes removed; a flag without `=` has the value None."""
    arguments: str = ""
    """What follows keyword and flags, with continued lines joined and comments taken out."""
    words: tuple[str, ...] = ()
    """The elements of the JSON form, or the words between white space with quotes and escapes kept."""
    json: bool = False
    """True where the arguments are a JSON array of strings (the exec form)."""
    heredocs: tuple[Heredoc, ...] = ()
    line: int
    """The first line, counted from 1."""
    end: int
    """The last line; equal to `line` unless it is continued or has here-documents."""
    original: str
    """Exactly the text of these lines."""

    def flag(self, name: str) -> str | None:
        """The value of the last flag of that name; None where it is not given."""
        return next((value for key, value in reversed(self.flags) if key == name), None)

    def flag_values(self, name: str) -> tuple[str, ...]:
        """All values of a flag that may be repeated."""
        return tuple(value for key, value in self.flags if key == name and value is not None)


class Dockerfile(Struct, frozen=True, kw_only=True):
    """A parsed Dockerfile. Lines that belong to no instruction are comments, directives or blank."""

    file: str
    """How messages call it."""
    text: str
    syntax: str | None = None
    """The image of `# syntax=`, which the builder runs as its front end."""
    escape: str = "\\"
    check: str | None = None
    instructions: tuple[Instruction, ...]
