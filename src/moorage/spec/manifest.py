"""What a folder holds, a word for each path; and how a workspace remembers what both sides last agreed on.

A word is a kind and what decides: "d" a folder, "f…" a file and "x…" one that can be run with the digest of
their content, "l…" a link with its target. Two words are equal where nothing has to be copied.
"""

from __future__ import annotations

from collections.abc import Mapping

FOLDER, FILE, PROGRAM, LINK = "d", "f", "x", "l"
_KINDS = (FOLDER, FILE, PROGRAM, LINK)


def encode(words: Mapping[str, str]) -> bytes:
    """Path and word by turns, a NUL after each: neither can have one in it."""
    text = "".join(f"{path}\0{word}\0" for path, word in words.items())
    return text.encode(errors="surrogateescape")


def decode(data: bytes) -> dict[str, str]:
    """What `encode` wrote. Paths that lead elsewhere, and what is not understood, are left out."""
    fields = data.decode(errors="surrogateescape").split("\0")[:-1]
    pairs = zip(fields[::2], fields[1::2], strict=False)
    return {path: word for path, word in pairs if below(path) and word[:1] in _KINDS}


def below(path: str) -> bool:
    """Whether this is a plain path to something below a folder, written the one way it can be."""
    return not any(part in ("", ".", "..") for part in path.split("/")) and "\0" not in path


def above(path: str) -> tuple[str, ...]:
    """The folders that a path is in, the outermost first."""
    parts = path.split("/")
    return tuple("/".join(parts[:count]) for count in range(1, len(parts)))
