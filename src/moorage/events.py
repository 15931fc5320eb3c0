"""What moorage reports while it works: a versioned union of events, and the seam that receives them.

Functions return results; events are for people and logs that follow along (design section 8). Only `LogLine`
may be dropped by a slow sink.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

import msgspec

from .errors import MoorageError

VERSION = 1


class StepStarted(msgspec.Struct, frozen=True, kw_only=True, tag="step-started"):
    """A step of the plan begins. `step` is unique in the run; `reason` says why it is needed."""

    step: str
    title: str
    reason: str = ""


class StepProgress(msgspec.Struct, frozen=True, kw_only=True, tag="step-progress"):
    """A measure of a step under way: bytes or items done of a total (None: unknown)."""

    step: str
    text: str
    done: int | None = None
    total: int | None = None


class StepEnded(msgspec.Struct, frozen=True, kw_only=True, tag="step-ended"):
    """A step is over. `seconds` is its wall time; `detail` one line for a person."""

    step: str
    outcome: Literal["done", "failed", "adopted", "skipped"]
    seconds: float
    detail: str = ""


class LogLine(msgspec.Struct, frozen=True, kw_only=True, tag="log"):
    """One line that a build, a hook or a tool printed, without its newline."""

    step: str
    text: str
    origin: str = ""


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """Something that a person should know although nothing failed: a warning or a fallback taken."""

    level: Literal["info", "warning", "fallback"]
    code: str
    text: str
    hint: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The run ends with this error; the fields are those of `MoorageError`."""

    code: str
    exit_code: int
    message: str
    evidence: tuple[str, ...] = ()
    hint: str = ""


def failed(error: MoorageError, exit_code: int | None = None) -> Failed:
    """The event of an error; the exit code is its own unless another is given."""
    return Failed(
        code=error.code,
        exit_code=error.exit_code if exit_code is None else exit_code,
        message=error.message,
        evidence=error.evidence,
        hint=error.hint,
    )


Event = StepStarted | StepProgress | StepEnded | LogLine | Notice | Failed


class Reporter(Protocol):
    """Receives every event of a run, in order. Must not raise."""

    def emit(self, event: Event) -> None: ...


class Silent:
    """A reporter for callers that only want the result."""

    def emit(self, event: Event) -> None:
        del event


class Redacting:
    """Stands before any sink and replaces secret values in every text of an event (design promise 7)."""

    def __init__(self, sink: Reporter, secrets: Iterable[str] = ()) -> None:
        self._sink = sink
        self._secrets: tuple[str, ...] = ()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Also hide these values. Longer ones are replaced first, so that none is left in part."""
        lines = {line for value in secrets for line in (value, *value.splitlines())}
        known = {line for line in lines if len(line) >= 3} | set(self._secrets)
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def emit(self, event: Event) -> None:
        self._sink.emit(self._clean(event) if self._secrets else event)

    def text(self, text: str) -> str:
        """The text with each secret value replaced by asterisks."""
        for secret in self._secrets:
            text = text.replace(secret, "********")
        return text

    def _clean(self, event: Event) -> Event:
        changes: dict[str, object] = {}
        for name in event.__struct_fields__:
            value = getattr(event, name)
            if isinstance(value, str):
                changes[name] = self.text(value)
            elif isinstance(value, tuple):
                changes[name] = tuple(self.text(item) for item in value)
        return msgspec.structs.replace(event, **changes)
