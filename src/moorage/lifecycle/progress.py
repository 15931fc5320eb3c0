"""What a run's log says so far: events for people, and when the client has seen enough."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping

from ..errors import DeadlineError, HookError, MoorageError
from ..events import LogLine, Notice, Reporter, StepEnded, StepStarted
from ..spec.journal import DOTFILES
from .dialogue import Task
from .log import Begun, Ended, Over, Printed, Record, Skipped
from .tasks import title

_TAIL = 20


class HookFailed(HookError):
    """A lifecycle command ended with another exit code than 0."""

    code = "hook-failed"


class HookTimedOut(DeadlineError):
    """A lifecycle command was still at work at its time limit, and was ended."""

    code = "hook-timeout"


class Progress:
    """Follows the records of one run. `waiting` are the keys that the caller still waits for."""

    def __init__(
        self, tasks: Iterable[Task], waiting: Iterable[str], reporter: Reporter, *, limit: float | None
    ) -> None:
        self._tasks: Mapping[str, Task] = {task.key: task for task in tasks}
        self._reporter = reporter
        self._limit = limit
        self._open: dict[int, tuple[str, float, deque[str]]] = {}
        self._current = 0
        self._missing = set(self._tasks)
        self.waiting = set(waiting)
        self.ended: list[str] = []
        self.failure: MoorageError | None = None
        self.over: bool | None = None

    def see(self, record: Record) -> None:
        """Take in one record, with the events that it means."""
        match record:
            case Printed(number, text):
                self._printed(number or self._current, text, side_by_side=bool(number))
            case Begun(number, key):
                self._begun(number, key)
            case Skipped(_, key):
                self._succeeded(key)
            case Ended():
                self._ended(record)
            case Over(success):
                self.over = success

    @property
    def enough(self) -> bool:
        """All that the caller waits for has ended with success, and more is still to come."""
        return not self.waiting and self.failure is None and self.over is None

    @property
    def complete(self) -> bool:
        """Every task was seen to have succeeded, in this run or before it."""
        return not self._missing

    def _succeeded(self, key: str) -> None:
        self.waiting.discard(key)
        self._missing.discard(key)

    def _begun(self, number: int, key: str) -> None:
        self._current = number
        self._open[number] = (key, time.monotonic(), deque(maxlen=_TAIL))
        self._reporter.emit(StepStarted(step=key, title=self._title(key)))

    def _printed(self, number: int, text: str, *, side_by_side: bool) -> None:
        key, _, tail = self._open.get(number, ("", 0.0, None))
        if tail is not None:
            tail.append(text)
        origin = key.rpartition("/")[2] if side_by_side and "/" in key else ""
        self._reporter.emit(LogLine(step=key or "hooks", text=text, origin=origin))

    def _ended(self, record: Ended) -> None:
        key, begun, tail = self._open.pop(record.number, ("", time.monotonic(), deque[str]()))
        seconds = time.monotonic() - begun
        detail = {"cancelled": "ended because a sibling failed", "overdue": "reached its time limit"}
        self._reporter.emit(
            StepEnded(
                step=key,
                outcome="done" if record.code == 0 else "failed",
                seconds=seconds,
                detail=detail.get(record.how, ""),
            )
        )
        self.ended.append(key)
        if record.code == 0:
            self._succeeded(key)
        elif key == DOTFILES:
            self._succeeded(key)
            self._warn_of_dotfiles(record.code, tuple(tail))
        elif record.how != "cancelled" and self.failure is None:
            self.failure = self._error(key, record, tuple(tail))

    def _warn_of_dotfiles(self, code: int, tail: tuple[str, ...]) -> None:
        cause = tail[-1].strip() if tail else f"exit code {code}"
        self._reporter.emit(
            Notice(
                level="warning",
                code="dotfiles-failed",
                text=f"The dotfiles could not be installed: {cause}",
                hint="The next `moorage up` tries again.",
            )
        )

    def _error(self, key: str, record: Ended, tail: tuple[str, ...]) -> MoorageError:
        command = (f"$ {_shown(self._tasks[key].argv)}",) if key in self._tasks else ()
        if record.how == "overdue":
            limit = f" of {self._limit:g} seconds" if self._limit else ""
            return HookTimedOut(
                f"{self._title(key)} was still running at its time limit{limit} and was ended.",
                evidence=(*command, *tail),
                hint="Give it longer with --hook-timeout, or find what it waits for; `up` tries again.",
            )
        return HookFailed(
            f"{self._title(key)} failed with exit code {record.code}.",
            evidence=(*command, *tail),
            hint="Correct it and run `moorage up` again: it goes on here, what succeeded is not repeated.",
        )

    def _title(self, key: str) -> str:
        return title(self._tasks[key]) if key in self._tasks else key.split("@")[0]


def _shown(argv: tuple[str, ...]) -> str:
    return argv[2] if argv[:2] == ("/bin/sh", "-c") and len(argv) == 3 else " ".join(argv)
