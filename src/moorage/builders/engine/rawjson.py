"""buildx's `--progress rawjson`: a stream of JSON objects, one a line or indented over many, into records.

Between the objects stand the lines that buildx prints when it fails; they are kept as what it said.
"""

from __future__ import annotations

import msgspec

from moorage.builders.engine.progress import Log, Progress, Status, Vertex

_LARGEST = 32 * 1024 * 1024


class Warning(msgspec.Struct, kw_only=True):  # BuildKit's word
    """A check of the Dockerfile that did not pass."""

    short: bytes = b""
    url: str = ""


class _Statuses(msgspec.Struct, kw_only=True):
    vertexes: list[Vertex] | None = None
    statuses: list[Status] | None = None
    logs: list[Log] | None = None
    warnings: list[Warning] | None = None


class RawJson:
    """Takes output in pieces cut anywhere; never raises on what it does not understand."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rest = b""
        self._open: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)

    def close(self) -> None:
        """The output has ended."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        self._give_up()

    def _line(self, line: bytes) -> None:
        line = line.rstrip(b"\r")
        if not self._open:
            self._first(line)
        elif line.startswith((b" ", b"\t", b"}")) and self._size < _LARGEST:
            self._more(line)
        else:
            self._give_up()
            self._first(line)

    def _first(self, line: bytes) -> None:
        if line == b"{":
            self._more(line)
        elif not (line.startswith(b"{") and self._take(line)):
            self._progress.say(line.decode("utf-8", "replace"))

    def _more(self, line: bytes) -> None:
        self._open.append(line)
        self._size += len(line)
        if line == b"}":
            if self._take(b"\n".join(self._open)):
                self._open.clear()
                self._size = 0
            else:
                self._give_up()

    def _give_up(self) -> None:
        for line in self._open:
            self._progress.say(line.decode("utf-8", "replace"))
        self._open.clear()
        self._size = 0

    def _take(self, text: bytes) -> bool:
        try:
            found = _DECODER.decode(text)
        except msgspec.MsgspecError:
            return False
        for vertex in found.vertexes or ():
            self._progress.vertex(vertex)
        for status in found.statuses or ():
            self._progress.status(status)
        for log in found.logs or ():
            self._progress.log(log)
        for warning in found.warnings or ():
            self._progress.warn(f"{warning.short.decode('utf-8', 'replace')} {warning.url}".strip())
        return True


_DECODER = msgspec.json.Decoder(_Statuses)
