from __future__ import annotations

import io
import json

import pytest

from moorage.cli.report import Output, reporter_for
from moorage.cli.report.lines import JsonLines
from moorage.cli.report.live import Live
from moorage.cli.report.plain import Plain, Quiet, harmless
from moorage.events import Event, Failed, LogLine, Notice, StepEnded, StepProgress, StepStarted

RUN: tuple[Event, ...] = (
    StepStarted(step="build-image", title="Build x", reason="line 3 changed"),
    StepProgress(step="build-image", text="2 layers", done=1, total=2),
    LogLine(step="build-image", text="\x1b[31mred\x1b[0m \x1b]0;title\x07text", origin="a"),
    StepEnded(step="build-image", outcome="done", seconds=1.25),
    Notice(level="warning", code="w", text="careful", hint="do this"),
    Failed(code="hook-failed", exit_code=7, message="it broke", evidence=("tail 1", "tail 2"), hint="fix it"),
)


def shown(sink: type[Plain] | type[Quiet] | type[JsonLines] | type[Live]) -> str:
    out = io.StringIO()
    reporter = sink(out)
    for event in RUN:
        reporter.emit(event)
    return out.getvalue()


def test_plain_lines_tell_the_whole_run() -> None:
    text = shown(Plain)
    assert "• Build x (line 3 changed)" in text
    assert "✓ Build x  1.2 s" in text
    assert "    a: red text" in text
    assert "warning: careful\n  → do this" in text
    assert text.endswith("error: it broke  [hook-failed]\n  | tail 1\n  | tail 2\n  → fix it\n")


def test_quiet_tells_only_warnings_and_the_failure() -> None:
    text = shown(Quiet)
    assert "Build" not in text
    assert "careful" in text
    assert "it broke" in text


def test_json_lines_are_versioned_objects() -> None:
    lines = [json.loads(line) for line in shown(JsonLines).splitlines()]
    assert [line["type"] for line in lines] == [
        "step-started",
        "step-progress",
        "log",
        "step-ended",
        "notice",
        "failed",
    ]
    assert all(line["v"] == 1 and line["time"] > 1e9 for line in lines)
    assert lines[-1]["code"] == "hook-failed"


def test_the_live_tree_prints_what_ended_and_the_error_last() -> None:
    text = shown(Live)
    assert "Build x" in text
    assert "it broke" in text


@pytest.mark.parametrize("text", ["\x1b[2J", "\x1b]8;;http://x\x1b\\", "\r", "\x00\x07", "\x1bc"])
def test_control_sequences_never_reach_the_terminal(text: str) -> None:
    assert harmless(f"a{text}b") == "ab"


def test_json_is_chosen_before_anything_else() -> None:
    assert isinstance(reporter_for(Output(log="json", quiet=True)), JsonLines)
