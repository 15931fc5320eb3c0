"""All that is wrong in one file, each with its place, told at once."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moorage.devcontainer.jsonc import Document, Path, excerpt, path_text
from moorage.devcontainer.spelling import did_you_mean
from moorage.templates.errors import BadTemplate


class Fault(msgspec.Struct, frozen=True, order=True):
    """One of them; line and column from 1."""

    line: int
    column: int
    text: str
    hint: str = ""


class Faults:
    """Collects them while a document is read."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[Fault] = []
        for path in document.duplicates:
            self.at_key(path, f"{path_text(path)} is there twice")

    def at(self, path: Path, text: str, hint: str = "") -> None:
        """At the value of `path`, or of what is nearest above it."""
        self.found.append(Fault(*self.document.position(path), text, hint))

    def at_key(self, path: Path, text: str, hint: str = "") -> None:
        self.found.append(Fault(*self.document.key_position(path), text, hint))

    def unknown(self, path: Path, known: Iterable[str], what: str = "a key that is known here") -> None:
        """A name that nobody knows, with the nearest that somebody does."""
        names = tuple(known)
        name = str(path[-1])
        hint = did_you_mean(name, names) or f"Known are {', '.join(names)}."
        self.at_key(path, f"{path_text(path)} is not {what}", hint)

    def raised(self, name: str) -> None:
        """Raises BadTemplate where there are any."""
        if not self.found:
            return
        found, file = sorted(set(self.found)), self.document.file
        lines = tuple(_line(each, file) for each in found)
        if len(found) > 1:
            raise BadTemplate(
                f"The template {name} has {len(found)} faults.",
                evidence=lines,
                hint=f"Correct them, then run `moorage template validate {name}`.",
            )
        (only,) = found
        raise BadTemplate(
            f"{file}:{only.line}:{only.column}: {only.text}.",
            evidence=excerpt(self.document.text, only.line, only.column),
            hint=only.hint or "Correct it, then try again.",
        )


def _line(fault: Fault, file: str) -> str:
    hint = f" {fault.hint}" if fault.hint else ""
    return f"{file}:{fault.line}:{fault.column}: {fault.text}.{hint}"
