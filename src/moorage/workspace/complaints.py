"""What is told of ports that cannot be reached: a caller only sees a connection that ends."""

from __future__ import annotations

from moorage.events import Notice, Reporter
from moorage.workspace.ports import Forward


class Complaints:
    """Each port is complained of once, until it works again."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._told: set[str] = set()

    def tell(self, forward: Forward, why: str) -> None:
        if forward.place in self._told:
            return
        self._told.add(forward.place)
        text = f"A connection to {forward.place} in the workspace failed: {why}"
        hint = "Check that a server listens there; new connections try again."
        self._reporter.emit(Notice(level="warning", code="forward-failed", text=text, hint=hint))

    def over(self, forward: Forward) -> None:
        self._told.discard(forward.place)
