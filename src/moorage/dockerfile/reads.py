"""Tells which files of the context a target reads, so that only those are hashed and sent."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping

from moorage.dockerfile import words
from moorage.dockerfile.evaluate import Evaluated, Evaluation
from moorage.dockerfile.globs import escaped
from moorage.dockerfile.reading import EVERYTHING, Read, Reads, Remote

_HEREDOC = re.compile(r"\d*<<-?[^<]+")
_URL = re.compile(r"https?://", re.I)
_GIT = re.compile(r"git://|ssh://|[\w.-]+@[\w.-]+:|https?://[^#?]+\.git(?:[#?]|\Z)", re.I)
_TRIGGER = re.compile(r"\s*(?:COPY|ADD|RUN\s+--mount)\b", re.I)
_COMMIT = re.compile(r"#[0-9a-f]{40}(?::|\Z)")


def reads(evaluation: Evaluation, triggers: Mapping[str, Collection[str]] | None = None) -> Reads:
    """What the evaluated stages read. COPY and ADD without --from, and RUN's bind mounts without from=.

    `triggers` holds the ONBUILD lines of base images by reference; where one reads files, its FROM counts as
    reading the whole context.
    A source with a variable that only the base image can know counts as the whole context, so that nothing
    the builder asks for is missing.
    """
    given = triggers or {}
    items = [item for evaluated in evaluation.instructions if (item := _read(evaluated, given)) is not None]
    remote = [found for evaluated in evaluation.instructions for found in _remote(evaluated)]
    return Reads(
        items=tuple(items),
        everything=any(EVERYTHING in item.sources for item in items),
        remote=tuple(remote),
        onbuild=evaluation.onbuild,
    )


def _read(evaluated: Evaluated, triggers: Mapping[str, Collection[str]]) -> Read | None:
    if evaluated.instruction.keyword == "FROM":
        lines = triggers.get(evaluated.words[0], ())
        found = [EVERYTHING] if any(_TRIGGER.match(line) for line in lines) else []
    else:
        found = _sources(evaluated)
    if not found:
        return None
    instruction = evaluated.instruction
    return Read(
        line=instruction.line,
        keyword=instruction.keyword,
        text=instruction.arguments,
        sources=tuple(dict.fromkeys(found)),
        exclude=tuple(value for name, value in evaluated.flags if name == "exclude" and value),
    )


def _sources(evaluated: Evaluated) -> list[str]:
    keyword = evaluated.instruction.keyword
    if keyword == "RUN":
        found = [escaped(clean(source)) for source in _mounted(evaluated)]
    elif keyword in ("COPY", "ADD") and not any(name == "from" for name, _ in evaluated.flags):
        found = [clean(word) for word in _copied(evaluated) if not (keyword == "ADD" and is_remote(word))]
    else:
        found = []
    return found if evaluated.certain or not found else [EVERYTHING]


def _copied(evaluated: Evaluated) -> list[str]:
    """The sources of a COPY or ADD that are no here-documents; the last word is the destination."""
    found = evaluated.words[:-1]
    return [word for word in found if not (evaluated.instruction.heredocs and _HEREDOC.fullmatch(word))]


def _mounted(evaluated: Evaluated) -> list[str]:
    mounts = [words.options(value) for name, value in evaluated.flags if name == "mount" and value]
    return [
        mount.get("source") or mount.get("src") or EVERYTHING
        for mount in mounts
        if (mount.get("type") or "bind").lower() == "bind" and not mount.get("from")
    ]


def _remote(evaluated: Evaluated) -> list[Remote]:
    if evaluated.instruction.keyword != "ADD":
        return []
    checksum = next((value for name, value in evaluated.flags if name == "checksum"), None)
    return [
        Remote(line=evaluated.instruction.line, url=word, git=is_git(word), pin=checksum or _commit(word))
        for word in _copied(evaluated)
        if is_remote(word)
    ]


def clean(source: str) -> str:
    """The path below the context: absolute and upward paths start at its root, as in the builder."""
    return posixpath.normpath("/" + source).lstrip("/") or EVERYTHING


def is_remote(source: str) -> bool:
    """Whether ADD fetches the source instead of reading it from the context."""
    return _URL.match(source) is not None or is_git(source)


def is_git(source: str) -> bool:
    """Whether ADD clones it."""
    return _GIT.match(source) is not None


def _commit(url: str) -> str | None:
    match = _COMMIT.search(url) if is_git(url) else None
    return match[0].strip("#:") if match else None
