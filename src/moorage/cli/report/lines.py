"""Events as JSON lines, for programs that follow along."""

from __future__ import annotations

import time
from typing import TextIO

import msgspec

from moorage.cli.report.plain import json_text
from moorage.events import VERSION, Event


class JsonLines:
    """One object a line: `v` (the version), `type`, `time` (seconds since 1970), and the event's fields."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def emit(self, event: Event) -> None:
        body = {"v": VERSION, "time": round(time.time(), 3), **msgspec.to_builtins(event)}
        self._out.write(json_text(body) + "\n")
        self._out.flush()
