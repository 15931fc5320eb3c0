"""The classic builder's answer, a JSON object a line, into the records that BuildKit's become."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from moorage.builders.engine.progress import Log, Progress, Status, Vertex

_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.S)
_CHATTER = re.compile(
    r" ---> |Remov(?:ing|ed) intermediate container [0-9a-f]+$|Successfully (?:built [0-9a-f]{12}$|tagged )"
)


class _Detail(msgspec.Struct):
    current: int = 0
    total: int = 0


class _Message(msgspec.Struct, rename="camel"):
    stream: str = ""
    status: str = ""
    id: str = ""
    progress_detail: _Detail | None = None
    error: str = ""


_DECODER = msgspec.json.Decoder(_Message)


class Answer:
    """The answer's JSON lines as vertices: one for each `Step n/m`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rest = b""
        self._step = ""
        self._since = self._now()
        self._cached = False
        self._error = ""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)

    def ended(self) -> bool:
        self._line(self._rest)
        if not self._error:
            self._finish()
        return not self._error

    def _line(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = _DECODER.decode(line)
        except msgspec.MsgspecError:
            self._progress.say(line.decode("utf-8", "replace"))
            return
        if message.error:
            self._fail(message.error)
        elif message.stream:
            self._output(message.stream)
        elif message.status and self._step:
            detail = message.progress_detail or _Detail()
            self._progress.status(
                Status(
                    id=f"{message.status} {message.id}",
                    vertex=self._step,
                    current=detail.current,
                    total=detail.total,
                )
            )

    def _output(self, text: str) -> None:
        match = _STEP.fullmatch(text.strip())
        if match:
            self._begin(match[1], match[2], match[3])
        elif text.startswith(" ---> "):
            self._cached = self._cached or "Using cache" in text
        elif self._step and text.strip() and not _CHATTER.match(text.rstrip()):
            self._progress.log(Log(vertex=self._step, data=text.encode()))

    def _begin(self, number: str, total: str, instruction: str) -> None:
        self._finish()
        self._step, self._cached, self._since = number, False, self._now()
        name = f"[{number}/{total}] {instruction}"
        self._progress.vertex(Vertex(digest=number, name=name, inputs=[""], started=self._since))

    def _finish(self) -> None:
        if not self._step:
            return
        if self._cached:
            self._progress.vertex(Vertex(digest=self._step, cached=True))
        else:
            vertex = Vertex(digest=self._step, started=self._since, completed=self._now())
            self._progress.vertex(vertex)
        self._step = ""

    def _fail(self, error: str) -> None:
        self._error = error
        if self._step:
            self._progress.vertex(Vertex(digest=self._step, error=_as_buildkit(error)))
        self._progress.say(f"ERROR: {_as_buildkit(error)}")

    @staticmethod
    def _now() -> datetime:
        return datetime.now(UTC)


def _as_buildkit(error: str) -> str:
    """`returned a non-zero code: 7` in the words that explain.py reads."""
    return re.sub(r"returned a non-zero code: (\d+)", r"did not complete successfully: exit code: \1", error)
