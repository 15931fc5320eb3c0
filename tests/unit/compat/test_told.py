"""Failures and the log, as the reference CLI has them."""

from __future__ import annotations

import io
import json
import re

import pytest

from moorage.compat.reference.failure import failure, in_words
from moorage.compat.reference.log import Log
from moorage.compat.reference.place import ContainerNotFound
from moorage.engine.errors import EngineMissing
from moorage.events import Event, Failed, LogLine, Notice, StepEnded, StepProgress, StepStarted
from moorage.lifecycle.progress import HookFailed

RUN: tuple[Event, ...] = (
    StepStarted(step="start-container", title="Start container x"),
    StepEnded(step="start-container", outcome="done", seconds=0.25),
    StepStarted(step="postCreateCommand:0", title="postCreateCommand"),
    LogLine(step="postCreateCommand:0", text="said"),
    StepEnded(step="postCreateCommand:0", outcome="failed", seconds=1),
    StepStarted(step="dotfiles", title="dotfiles"),
    StepEnded(step="dotfiles", outcome="done", seconds=1),
    StepProgress(step="hooks", text="LifecycleCommandExecutionMap: {}"),
    Notice(level="warning", code="x", text="careful", hint="Look."),
    Failed(code="x", exit_code=1, message="wrong", evidence=("why",), hint="Do."),
)


def test_a_hook_s_failure_says_its_command() -> None:
    error = HookFailed("postCreateCommand failed with exit code 3.", evidence=("$ exit 3", "said"))
    assert failure(error, container="abc") == {
        "outcome": "error",
        "message": "Command failed: /bin/sh -c exit 3",
        "description": "postCreateCommand from devcontainer.json failed.",
        "containerId": "abc",
    }


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("postCreateCommand", "postCreateCommand from devcontainer.json"),
        ("postCreateCommand [one]", "one of postCreateCommand from devcontainer.json"),
        ("postCreateCommand of ./f", "postCreateCommand from Feature './f'"),
        ("postCreateCommand [a of b] of ./f", "a of b of postCreateCommand from Feature './f'"),
    ],
)
def test_a_hook_in_the_reference_s_words(title: str, words: str) -> None:
    assert in_words(title) == words


def test_other_failures_say_what_was_done_and_what_to_do() -> None:
    assert failure(EngineMissing("No engine.", hint="Start it.")) == {
        "outcome": "error",
        "message": "No engine.",
        "description": "An error occurred setting up the container. Start it.",
    }
    assert failure(ContainerNotFound("Not found."))["description"] == "Not found."


def test_the_log_for_people() -> None:
    lines = logged("text", "debug")
    assert all(re.match(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] |    |Do\.", line) for line in lines)
    texts = [re.sub(r"^\[.*?\] ", "", line) for line in lines[1:]]
    assert texts == [
        "Start: Starting container", "Stop (250 ms): Starting container", "Container started",
        "Running the postCreateCommand from devcontainer.json...", "said", "LifecycleCommandExecutionMap: {}",
        "careful Look.", "Error: wrong", "    why", "Do.",
    ]  # fmt: skip
    assert not any("Lifecycle" in line for line in logged("text", "info"))
    assert not any("careful" in line for line in logged("text", "error"))


def test_the_log_for_programs() -> None:
    records = [json.loads(line) for line in logged("json", "info")]
    assert [each["type"] for each in records] == [
        "text", "start", "stop", "raw", "raw", "progress", "raw", "progress", "progress", "progress",
        "text", "text",
    ]  # fmt: skip
    assert records[2]["startTimestamp"] == records[1]["timestamp"]
    assert [
        (each["name"], each["status"], each.get("channel")) for each in records if each["type"] == "progress"
    ] == [
        ("Running postCreateCommand...", "running", "postCreate"),
        ("Running postCreateCommand...", "failed", "postCreate"),
        ("Installing Dotfiles", "running", None),
        ("Installing Dotfiles", "succeeded", None),
    ]
    assert records[6] | {"timestamp": 0} == {
        "type": "raw", "level": 3, "timestamp": 0, "text": "said\n", "channel": "postCreate",
    }  # fmt: skip


def logged(form: str, level: str) -> list[str]:
    out = io.StringIO()
    log = Log(out, level=level, form="json" if form == "json" else "text")
    for event in RUN:
        log.emit(event)
    return out.getvalue().splitlines()
