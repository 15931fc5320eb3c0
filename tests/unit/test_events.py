from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.events import Event, Failed, LogLine, Notice, Redacting, StepStarted


class Kept:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


def test_secrets_are_hidden_in_every_text_of_every_event() -> None:
    kept = Kept()
    reporter = Redacting(kept, ("hunter2",))
    reporter.emit(LogLine(step="s", text="login hunter2 ok"))
    reporter.emit(Failed(code="c", exit_code=1, message="hunter2", evidence=("x hunter2",), hint="hunter2"))
    reporter.emit(StepStarted(step="s", title="t hunter2", reason="hunter2"))
    assert "hunter2" not in repr(kept.events)
    assert "login ******** ok" in repr(kept.events)


def test_secrets_that_come_later_and_lines_of_secrets_are_hidden_too() -> None:
    kept = Kept()
    reporter = Redacting(kept)
    reporter.add(("first line\nsecond line",))
    reporter.emit(Notice(level="info", code="c", text="it said second line"))
    assert "second line" not in repr(kept.events)


@given(st.lists(st.text(min_size=3), min_size=1), st.text())
def test_no_secret_survives_whatever_surrounds_it(secrets: list[str], around: str) -> None:
    reporter = Redacting(Kept(), secrets)
    for secret in secrets:
        shown = reporter.text(f"{around}|{secret}|{around}")
        assert f"|{secret}|" not in shown or set(secret) == {"*"}
