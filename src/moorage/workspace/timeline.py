"""The last failures on this machine, as evidence for `why`: a cache that may vanish or break at any time."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import msgspec

from moorage.errors import MoorageError
from moorage.events import Redacting
from moorage.planner.request import Request

_KEPT = 20
_LINES = 40
_LONGEST = 2000
_FILE = "timeline.json"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One run that failed. `time` in seconds since 1970; texts are redacted and cut."""

    time: float
    command: str
    workspace: str
    name: str
    source: str
    code: str
    message: str
    evidence: tuple[str, ...] = ()
    hint: str = ""


def remember(
    cache: Path, request: Request, error: MoorageError, reporter: Redacting, *, command: str = "up"
) -> None:
    """Keep this failure for `why`. Never fails: it is a cache, and there is an error to report already."""
    failure = Failure(
        time=round(time.time(), 3),
        command=command,
        workspace=request.workspace,
        name=request.slug,
        source=request.canonical,
        code=error.code,
        message=reporter.text(error.message)[:_LONGEST],
        evidence=tuple(reporter.text(line)[:_LONGEST] for line in error.evidence[-_LINES:]),
        hint=reporter.text(error.hint)[:_LONGEST],
    )
    write(cache, (*recent(cache), failure)[-_KEPT:])


def recent(cache: Path) -> tuple[Failure, ...]:
    """What is remembered, the newest last; nothing where there is no file or one that cannot be read."""
    try:
        return msgspec.json.decode((cache / _FILE).read_bytes(), type=tuple[Failure, ...])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ()


def last(failures: tuple[Failure, ...], *, workspace: str = "", source: str = "") -> Failure | None:
    """The newest failure of this workspace, or of this source; the newest of all where neither is given."""
    for failure in reversed(failures):
        if not (workspace or source) or failure.workspace == workspace or failure.source == source:
            return failure
    return None


def write(cache: Path, failures: tuple[Failure, ...]) -> None:
    """Replace the file as a whole, so that nobody reads half of it; readable to its owner alone."""
    draft = cache / f"{_FILE}.{os.getpid()}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(failures))
        draft.replace(cache / _FILE)
    except (OSError, UnicodeEncodeError):
        with contextlib.suppress(OSError):
            draft.unlink()
