"""Turns what a builder says of its graph into events: one step per vertex, its log, its progress.

The records are BuildKit's (client.SolveStatus); rawjson.py and plain.py make them out of two formats.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from moorage.events import LogLine, Reporter, StepEnded, StepProgress, StepStarted

Outcome = Literal["done", "failed", "skipped"]

_TAIL = 40
_LONGEST = 8192
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_INSTRUCTION = re.compile(r"\[(?:[^\]]* )?\d+/\d+\] (?!FROM )")
_CONTEXT = "[internal] load build context"
_TRANSFER = "transferring context"
_IMPORT = "importing cache manifest"
"""A cache that is not there yet is no failure: the build goes on without it."""
_ABANDONED = re.compile(r"context cancel+ed|CANCELED", re.I)


class Vertex(msgspec.Struct, kw_only=True):
    """One node of the build's graph. BuildKit tells it again with each change, and may run it twice."""

    digest: str
    name: str = ""
    inputs: list[str] = []
    started: datetime | None = None
    completed: datetime | None = None
    cached: bool = False
    error: str = ""


class Status(msgspec.Struct, kw_only=True):
    """How far a part of a vertex is, such as one layer of a pull: bytes, or 0 where nobody counts."""

    id: str
    vertex: str
    current: int = 0
    total: int = 0
    completed: datetime | None = None


class Log(msgspec.Struct, kw_only=True):
    """A piece of output, cut anywhere."""

    vertex: str
    data: bytes = b""
    stream: int = 1


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The vertex that failed, and what else the builder printed. Empty where no vertex did."""

    vertex: str = ""
    error: str = ""
    tail: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def _nobody() -> None:
    """Nobody wants to know."""


def plain_text(text: str) -> str:
    """What a terminal would be left with: no control sequences, the last state of a rewritten line."""
    last = next((piece for piece in reversed(text.split("\r")) if piece), "")
    return _CONTROL.sub("", last)[:_LONGEST]


class _Node:
    """One vertex as the events have it."""

    def __init__(self, step: str, name: str) -> None:
        self.step = step
        self.name = name
        self.inputs: list[str] = []
        self.started = self.ended = False
        self.seconds: float | None = None
        self.since = 0.0
        self.partial = b""
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self.parts: dict[str, tuple[int, int]] = {}
        self.shown = -1


class Progress:
    """Takes records in the order they come and reports them; `close` ends what is still open."""

    def __init__(self, reporter: Reporter, step: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reporter = reporter
        self._step = step
        self._clock = clock
        self._nodes: dict[str, _Node] = {}
        self._failed: tuple[_Node, str] | None = None
        self._said: deque[str] = deque(maxlen=200)
        self._transfers: set[datetime] = set()
        self.cached = 0
        self.context_read: Callable[[], None] = _nobody
        """Called when the builder has read the context: its vertex ends first when it is only resolved."""

    def vertex(self, vertex: Vertex) -> None:
        node = self._node(vertex.digest, vertex.name)
        node.inputs = vertex.inputs or node.inputs
        if vertex.started is None and not vertex.cached and not vertex.error:
            return
        self._start(node)
        if vertex.error:
            self._fail(node, vertex.error)
        elif vertex.cached:
            self._end(node, cached=True)
        elif vertex.completed is not None:
            if vertex.started is not None:
                seconds = (vertex.completed - vertex.started).total_seconds()
                node.seconds = max(node.seconds or 0.0, seconds)
            if node.inputs or node.name.startswith("[internal]"):
                self._end(node)  # a source (an image) is resolved first and pulled later: it ends when used

    def status(self, status: Status) -> None:
        node = self._nodes.get(status.vertex)
        if node is not None and node.name == _CONTEXT:
            self._transfer(status)
        if node is None or node.ended or not status.total:
            return
        node.parts[status.id] = (status.current, status.total)
        done, total = (sum(column) for column in zip(*node.parts.values(), strict=True))
        percent = 100 * done // total
        if percent != node.shown:
            node.shown = percent
            self._reporter.emit(StepProgress(step=node.step, text=status.id[:80], done=done, total=total))

    def log(self, log: Log) -> None:
        node = self._node(log.vertex)
        *lines, node.partial = (node.partial + log.data).split(b"\n")
        for line in lines:
            self._line(node, line)
        if len(node.partial) > _LONGEST:
            self._line(node, node.partial)
            node.partial = b""

    def say(self, line: str) -> None:
        """A line that belongs to no vertex: the builder's own errors and warnings."""
        text = plain_text(line.rstrip("\n"))
        if text.strip():
            self._said.append(text)

    def warn(self, text: str) -> None:
        """A remark of the builder's checks on the Dockerfile."""
        self._reporter.emit(LogLine(step=self._step, text=plain_text(text), origin="builder"))

    def close(self) -> None:
        for node in self._nodes.values():
            if not node.ended:
                self._end(node, abandoned=node.seconds is None)

    def failure(self) -> Failure:
        """What is known of why the build failed."""
        if self._failed is None:
            return Failure(said=tuple(self._said))
        node, error = self._failed
        return Failure(vertex=node.name, error=error, tail=tuple(node.tail), said=tuple(self._said))

    def _node(self, digest: str, name: str = "") -> _Node:
        node = self._nodes.get(digest)
        if node is None:
            node = self._nodes[digest] = _Node(f"{self._step}/{len(self._nodes) + 1}", name)
        node.name = node.name or name
        return node

    def _transfer(self, status: Status) -> None:
        ended = status.completed
        if ended is not None and ended not in self._transfers and status.id.startswith(_TRANSFER):
            self._transfers.add(ended)
            self.context_read()

    def _start(self, node: _Node) -> None:
        if node.started:
            return
        for digest in node.inputs:
            source = self._nodes.get(digest)
            if source is not None and source.seconds is not None:
                self._end(source)
        node.started = True
        node.since = self._clock()
        self._reporter.emit(StepStarted(step=node.step, title=_title(node.name)))

    def _fail(self, node: _Node, error: str) -> None:
        if _ABANDONED.search(error) or node.name.startswith(_IMPORT):
            self._end(node, abandoned=True)
            return
        if self._failed is None:
            self._failed = (node, error)
        self._flush(node)
        if not node.ended:
            node.ended = True
            detail = plain_text(error.splitlines()[0])[:300]
            self._reporter.emit(self._ended(node, "failed", detail))

    def _end(self, node: _Node, *, cached: bool = False, abandoned: bool = False) -> None:
        if node.ended or not node.started:
            return
        self._flush(node)
        node.ended = True
        if cached:
            self.cached += bool(_INSTRUCTION.match(node.name))
            node.seconds = 0.0
            self._reporter.emit(self._ended(node, "skipped", "cached"))
        elif abandoned:
            self._reporter.emit(self._ended(node, "skipped", "cancelled"))
        else:
            self._reporter.emit(self._ended(node, "done", ""))

    def _ended(self, node: _Node, outcome: Outcome, detail: str) -> StepEnded:
        seconds = self._clock() - node.since if node.seconds is None else node.seconds
        return StepEnded(step=node.step, outcome=outcome, seconds=seconds, detail=detail)

    def _flush(self, node: _Node) -> None:
        if node.partial:
            self._line(node, node.partial)
            node.partial = b""

    def _line(self, node: _Node, line: bytes) -> None:
        text = plain_text(line.decode("utf-8", "replace"))
        node.tail.append(text)
        self._reporter.emit(LogLine(step=node.step, text=text, origin="build"))


def _title(name: str) -> str:
    known = {
        "[internal] load remote build context": "[internal] receive the build context",
        "copy /context /": "[internal] unpack the build context",
    }
    line = " ".join(plain_text(known.get(name, name).replace("\n", " ")).split())
    return line if len(line) <= 200 else f"{line[:199]}…"
