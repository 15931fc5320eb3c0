"""Events as a live tree of steps with times, on a terminal."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

from moorage.cli.report.plain import Plain, harmless
from moorage.events import Event, LogLine, StepEnded, StepProgress, StepStarted

if TYPE_CHECKING:
    from rich.live import Live as RichLive
    from rich.text import Text

_TAIL = 6


class _Row:
    def __init__(self, event: StepStarted) -> None:
        self.title = event.title
        self.reason = event.reason
        self.depth = event.step.count("/")
        self.begun = time.monotonic()
        self.seconds: float | None = None
        self.outcome = ""
        self.progress = ""


class Live:
    """Finished steps scroll up as lines; those under way stand below them with their time and last output.

    rich is loaded with the first step, so a workspace in which nothing is due never pays for it.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._plain = Plain(out)
        self._rows: dict[str, _Row] = {}
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._live: RichLive | None = None

    def emit(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._rows[event.step] = _Row(event)
                self._open()
            case StepProgress() if event.step in self._rows:
                share = f" {100 * (event.done or 0) // event.total} %" if event.total else ""
                self._rows[event.step].progress = f"{event.text}{share}"
            case LogLine():
                self._tail.append(harmless(f"{event.origin + ': ' if event.origin else ''}{event.text}"))
            case StepEnded():
                self._end(event)
            case _:
                self._close()
                self._plain.emit(event)

    def _open(self) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live as RichLive

            console = Console(file=self._out, highlight=False)
            self._live = RichLive(
                console=console, get_renderable=self._render, refresh_per_second=8, transient=True
            )
            self._live.start()

    def _end(self, event: StepEnded) -> None:
        row = self._rows.pop(event.step, None)
        if row is None or self._live is None:
            return
        row.seconds, row.outcome = event.seconds, event.outcome
        if row.depth == 0 or event.outcome == "failed" or event.seconds >= 1:
            self._live.console.print(self._line(row))
        if not self._rows:
            self._tail.clear()
            self._close()

    def _close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _render(self) -> Text:
        from rich.text import Text

        lines = [self._line(row) for row in self._rows.values()]
        lines += [Text(f"    {line}", style="dim", no_wrap=True, overflow="ellipsis") for line in self._tail]
        return Text("\n").join(lines)

    def _line(self, row: _Row) -> Text:
        from rich.text import Text

        marks = {"": ("⠿", "cyan"), "done": ("✓", "green"), "failed": ("✗", "red"), "adopted": ("✓", "blue")}
        mark, style = marks.get(row.outcome, ("-", "dim"))
        seconds = time.monotonic() - row.begun if row.seconds is None else row.seconds
        line = Text("  " * row.depth)
        line.append(f"{mark} ", style=style)
        line.append(harmless(row.title))
        line.append(f"  {seconds:.1f} s", style="dim")
        if row.progress and row.seconds is None:
            line.append(f"  {harmless(row.progress)}", style="dim")
        elif row.reason and row.seconds is None:
            line.append(f"  ({harmless(row.reason)})", style="dim")
        return line
