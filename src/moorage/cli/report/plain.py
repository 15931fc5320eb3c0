"""Events as plain lines, for logs of CI and for terminals that are none."""

from __future__ import annotations

import re
from typing import TextIO

import msgspec

from moorage.events import Event, Failed, LogLine, Notice, StepEnded, StepProgress, StepStarted

_CONTROL = (
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def harmless(text: str) -> str:
    """The text without control sequences and changes of direction.

    What a build prints or a file is called must not move the cursor, rename a window or turn words around.
    """
    return text if text.isprintable() else re.sub(_CONTROL, "", text)


def harmless_json(text: str) -> str:
    """The same JSON with nothing in it that a terminal acts on: what is left of that is escaped."""
    if text.isprintable():
        return text
    return re.sub(_CONTROL, lambda found: "".join(f"\\u{ord(each):04x}" for each in found[0]), text)


def json_text(value: object) -> str:
    """A value as JSON of one line, for programs and for whoever looks at it in a terminal."""
    return harmless_json(msgspec.json.encode(value).decode())


def failure_lines(event: Failed) -> list[str]:
    """An error for a person: the sentence, the evidence, and what to do."""
    lines = [f"error: {event.message}  [{event.code}]"]
    lines += [f"  | {line}" for item in event.evidence for line in item.splitlines()]
    return [*lines, f"  → {event.hint}"] if event.hint else lines


class Plain:
    """One line for each beginning, end, log line and notice."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._titles: dict[str, str] = {}

    def emit(self, event: Event) -> None:
        for line in self._lines(event):
            self._out.write(harmless(line) + "\n")
        self._out.flush()

    def _lines(self, event: Event) -> list[str]:
        match event:
            case StepStarted():
                self._titles[event.step] = event.title
                return [f"• {event.title}" + (f" ({event.reason})" if event.reason else "")]
            case StepEnded():
                title = self._titles.get(event.step, event.step)
                return [f"{_MARKS[event.outcome]} {title}  {event.seconds:.1f} s"]
            case LogLine():
                return [f"    {event.origin + ': ' if event.origin else ''}{event.text}"]
            case Notice():
                return [f"{event.level}: {event.text}", *([f"  → {event.hint}"] if event.hint else [])]
            case Failed():
                return failure_lines(event)
            case StepProgress():
                return []


_MARKS = {"done": "✓", "failed": "✗", "adopted": "✓ joined:", "skipped": "-"}


class Quiet:
    """Only warnings and the failure."""

    def __init__(self, out: TextIO) -> None:
        self._plain = Plain(out)

    def emit(self, event: Event) -> None:
        if isinstance(event, Failed | Notice):
            self._plain.emit(event)
