"""The files by which the reference CLI knows which hooks are done."""

from __future__ import annotations

from moorage.devcontainer.lifecycle import stages
from moorage.devcontainer.metadata import merge
from moorage.lifecycle.dialogue import script
from moorage.lifecycle.markers import done, witnessed
from moorage.lifecycle.tasks import awaited, tasks

CREATED, STARTED = "2026-01-01T00:00:00.5Z", "2026-01-02T00:00:00.25Z"
HOOKS = merge(
    [
        {"onCreateCommand": "one", "postStartCommand": "start"},
        {"onCreateCommand": {"a": "two", "b": "three"}, "postAttachCommand": "attach"},
    ]
)


def test_the_last_command_of_each_hook_leaves_its_file() -> None:
    given = witnessed(tasks(stages(HOOKS), STARTED), CREATED, STARTED)
    left = {task.key: task.witness for task in given if task.witness}
    assert left == {
        "onCreateCommand:1/b": (".devcontainer/.onCreateCommandMarker", CREATED),
        f"postStartCommand:0@{STARTED}": (".devcontainer/.postStartCommandMarker", STARTED),
    }


def test_another_folder_may_be_asked_for_and_nothing_is_left_without_a_time() -> None:
    given = tasks(stages(HOOKS), STARTED)
    found = {task.witness[0] for task in witnessed(given, CREATED, STARTED, "/data/x") if task.witness}
    assert found == {"/data/x/.onCreateCommandMarker", "/data/x/.postStartCommandMarker"}
    assert witnessed(given, "", STARTED) == given


def test_the_runner_is_told_path_and_text() -> None:
    given = witnessed(tasks(stages(HOOKS), STARTED), CREATED, STARTED)
    lines = script(given, environment={}, folder="/w").decode().splitlines()
    assert "W.devcontainer/.onCreateCommandMarker" in lines
    assert f"X{CREATED}" in lines


def test_a_file_of_another_container_or_start_does_not_count_and_an_empty_one_does() -> None:
    files = {
        ".onCreateCommandMarker": f"{CREATED}\n".encode(),
        ".updateContentCommandMarker": b"another time",
        ".postCreateCommandMarker": b"",
        ".postStartCommandMarker": CREATED.encode(),
        ".dotfilesMarker": b"",
    }
    assert done(files, CREATED, STARTED) == {"onCreateCommand", "postCreateCommand", "dotfiles"}
    assert done(files, STARTED, CREATED) == {"postCreateCommand", "postStartCommand", "dotfiles"}


def test_a_hook_that_is_asked_for_again_runs_again() -> None:
    given = tasks(stages(HOOKS), STARTED, again=("onCreateCommand",))
    assert {task.mode for task in given if task.key.startswith("onCreate")} == {"again"}
    assert "onCreateCommand:0" in awaited(given, "", ["onCreateCommand:0", "postStartCommand:0"])
