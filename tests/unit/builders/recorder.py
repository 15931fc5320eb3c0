"""Keeps events, and looks into them."""

from moorage.events import Event, LogLine, StepEnded, StepProgress, StepStarted


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def started(self) -> list[str]:
        return [event.title for event in self.events if isinstance(event, StepStarted)]

    @property
    def ended(self) -> list[tuple[str, str, str]]:
        """(title, outcome, detail) of each step that ended."""
        titles = {event.step: event.title for event in self.events if isinstance(event, StepStarted)}
        return [
            (titles[event.step], event.outcome, event.detail)
            for event in self.events
            if isinstance(event, StepEnded)
        ]

    @property
    def lines(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, LogLine)]

    @property
    def progress(self) -> list[tuple[int | None, int | None]]:
        return [(event.done, event.total) for event in self.events if isinstance(event, StepProgress)]
