"""buildx's `--progress plain`, for one that is too old for rawjson: numbered lines into the same records."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from moorage.builders.engine.progress import Log, Progress, Vertex

_LINE = re.compile(r"#(\d+) (.*)")
_DONE = re.compile(r"DONE(?: ([0-9.]+)s)?")
_OUTPUT = re.compile(r"[0-9]+\.[0-9]+ ?")
_ZERO = datetime.fromtimestamp(0, UTC)


class Plain:
    """Takes output in pieces cut anywhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rest = b""
        self._names: dict[str, str] = {}

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace").rstrip("\r"))

    def close(self) -> None:
        """The output has ended."""
        if self._rest:
            self._line(self._rest.decode("utf-8", "replace"))
            self._rest = b""

    def _line(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            self._progress.say(line)
        elif match[1] not in self._names:
            self._named(match[1], match[2])
        else:
            self._changed(match[1], match[2])

    def _named(self, number: str, text: str) -> None:
        self._names[number] = text
        if number != "0":  # "#0 building with …"
            self._progress.vertex(Vertex(digest=number, name=text, started=_ZERO))

    def _changed(self, number: str, text: str) -> None:
        done, output = _DONE.fullmatch(text), _OUTPUT.match(text)
        if text == self._names[number] or text == "...":
            return
        if text == "CACHED":
            self._progress.vertex(Vertex(digest=number, cached=True))
        elif done:
            end = _ZERO + timedelta(seconds=float(done[1] or 0))
            self._progress.vertex(Vertex(digest=number, inputs=[""], started=_ZERO, completed=end))
        elif text.startswith("ERROR: ") or text == "CANCELED":
            self._progress.vertex(Vertex(digest=number, error=text.removeprefix("ERROR: ")))
        elif output:
            self._progress.log(Log(vertex=number, data=text[output.end() :].encode() + b"\n"))
