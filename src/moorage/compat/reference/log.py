"""Events as the reference CLI's log: lines with a time, or its JSON records (specification notes, 6.3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TextIO

import msgspec

from moorage.compat.reference import VERSION
from moorage.compat.reference.failure import in_words
from moorage.events import Event, Failed, LogLine, Notice, StepEnded, StepProgress, StepStarted

TRACE, DEBUG, INFO, WARNING, ERROR = 1, 2, 3, 4, 5
LEVELS = {"trace": TRACE, "debug": DEBUG, "info": INFO, "error": ERROR}
_TITLES = {"start-container": "Starting container"}
_STARTED = "Container started"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class Log:
    """A sink for one run. Output of hooks goes to the channel that tools show as the terminal of hooks.

    `clean` takes out of lines of text what a terminal would act on; JSON has none of it.
    """

    def __init__(
        self,
        out: TextIO,
        *,
        level: str = "info",
        form: Literal["text", "json"] = "text",
        quiet: bool = False,
        clean: Callable[[str], str] = str,
        json_text: Callable[[object], str] = _json,
    ) -> None:
        self._out = out
        self._clean = clean
        self._json_text = json_text
        self._least = LEVELS[level]
        self._json = form == "json"
        self._begun: dict[str, int] = {}
        self._titles: dict[str, str] = {}
        if not quiet:
            self._tell(INFO, f"moorage, for @devcontainers/cli {VERSION}.")

    def emit(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._start(event)
            case StepEnded():
                self._end(event)
            case LogLine():
                self._printed(event)
            case StepProgress():
                self._tell(DEBUG, event.text)
            case Notice():
                level = INFO if event.level == "info" else WARNING
                self._tell(level, " ".join(part for part in (event.text, event.hint) if part))
            case Failed():
                lines = (f"Error: {event.message}", *(f"    {line}" for line in event.evidence), event.hint)
                self._tell(ERROR, "\n".join(line for line in lines if line))

    def _start(self, event: StepStarted) -> None:
        title = _title(event)
        self._titles[event.step] = title
        begun = self._begun[event.step] = _now()
        if _hook(event.step):
            heading = f"Running {'' if '[' in event.title else 'the '}{in_words(event.title)}..."
            self._record({"type": "raw", "level": INFO, "text": f"\x1b[1m{heading}\x1b[0m\r\n\r\n"}, heading)
            self._progress(event.step, "running", detail=event.reason)
        elif _is_dotfiles(event.step):
            self._progress(event.step, "running")
        else:
            body = {"type": "start", "level": INFO, "text": title, "timestamp": begun}
            self._record(body, f"Start: {title}")

    def _end(self, event: StepEnded) -> None:
        title = self._titles.get(event.step, event.step)
        good = event.outcome != "failed"
        if _hook(event.step) or _is_dotfiles(event.step):
            self._progress(event.step, "succeeded" if good else "failed")
            return
        took = f"Stop ({round(event.seconds * 1000)} ms): {title}"
        begun = self._begun.get(event.step, _now())
        self._record({"type": "stop", "level": INFO, "text": title, "startTimestamp": begun}, took)
        if event.step == "start-container" and good:
            self._record({"type": "raw", "level": INFO, "text": f"{_STARTED}\n"}, _STARTED)

    def _printed(self, event: LogLine) -> None:
        text = f"[{event.origin}] {event.text}" if event.origin else event.text
        body: dict[str, object] = {"type": "raw", "level": INFO, "text": f"{text}\n"}
        if _hook(event.step):
            body["channel"] = "postCreate"
        self._record(body, text)

    def _progress(self, step: str, status: str, *, detail: str = "") -> None:
        if not self._json:
            return
        hook = _hook(step)
        body: dict[str, object] = {
            "type": "progress",
            "name": f"Running {hook}..." if hook else "Installing Dotfiles",
        }
        body["status"] = status
        if detail:
            body["stepDetail"] = detail
        if hook:
            body["channel"] = "postCreate"
        self._write(self._json_text(body))

    def _tell(self, level: int, text: str) -> None:
        self._record({"type": "text", "level": level, "text": text}, text)

    def _record(self, body: dict[str, object], line: str) -> None:
        if int(str(body["level"])) < self._least:
            return
        if not self._json:
            self._write(f"[{_clock()}] {self._clean(line)}")
            return
        rest = {key: value for key, value in body.items() if key not in ("type", "level")}
        stamped = {"type": body["type"], "level": body["level"], "timestamp": _now(), **rest}
        self._write(self._json_text(stamped))

    def _write(self, line: str) -> None:
        self._out.write(f"{line}\n")
        self._out.flush()


def _title(event: StepStarted) -> str:
    return _TITLES.get(event.step, event.title)


def _hook(step: str) -> str:
    """The hook that a step of this name runs, "" for the planner's own steps."""
    name = step.partition(":")[0]
    return name if name.endswith("Command") else ""


def _is_dotfiles(step: str) -> bool:
    return step == "dotfiles"


def _now() -> int:
    return round(time.time() * 1000)


def _clock() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
