"""The order of tasks, and what `up` waits for."""

from __future__ import annotations

import pytest

from moorage.devcontainer.lifecycle import HOOKS, Command, HookName, Stage
from moorage.lifecycle.dialogue import Task
from moorage.lifecycle.tasks import awaited, tasks, title

DOTFILES = Task(stage="dotfiles", key="dotfiles", mode="optional", argv=("x",))


def stage(hook: HookName, *keys: str | None, origin: str = "devcontainer.json") -> Stage:
    return Stage(
        hook=hook,
        index=0,
        origin=origin,
        commands=tuple(
            Command(hook=hook, index=0, origin="devcontainer.json", key=key, argv=("true",))
            for key in keys or (None,)
        ),
    )


ALL = tasks([stage(hook) for hook in HOOKS], "T", DOTFILES)


def test_dotfiles_come_after_the_create_hooks() -> None:
    assert [task.key.split(":")[0] for task in ALL] == [
        "onCreateCommand",
        "updateContentCommand",
        "postCreateCommand",
        "dotfiles",
        "postStartCommand",
        "postAttachCommand",
    ]
    assert ALL[4].key == "postStartCommand:0@T"
    assert [task.mode for task in ALL] == ["once", "once", "once", "optional", "once", "always"]


def test_several_commands_have_keys_of_their_own() -> None:
    made = tasks([stage("postCreateCommand", "a", "b\nc")], "T")
    assert [task.key for task in made] == ["postCreateCommand:0/a", "postCreateCommand:0/b c"]
    assert {task.stage for task in made} == {"postCreateCommand:0"}
    assert [title(task) for task in made] == ["postCreateCommand [a]", "postCreateCommand [b c]"]
    assert title(ALL[4]) == "postStartCommand"


def test_the_feature_that_brought_a_command_is_told() -> None:
    (task,) = tasks([stage("postStartCommand", origin="./a\nb")], "T")
    assert title(task) == "postStartCommand of ./a b"
    made = tasks([stage("postStartCommand", "x", "y", origin="image")], "T")
    assert title(made[0]) == "postStartCommand [x]"


@pytest.mark.parametrize(
    ("wait_for", "count"),
    [
        ("", 6),
        ("initializeCommand", 0),
        ("onCreateCommand", 1),
        ("postCreateCommand", 4),
        ("postAttachCommand", 6),
    ],
)
def test_what_is_waited_for(wait_for: str, count: int) -> None:
    assert awaited(ALL, wait_for, ()) == {task.key for task in ALL[:count]}


def test_what_is_done_is_not_waited_for() -> None:
    made = tasks([stage("postCreateCommand", "a", "b"), stage("onCreateCommand")], "T")
    assert awaited(made, "", ("postCreateCommand:0",)) == {"onCreateCommand:0"}
    assert awaited(made, "", ("postCreateCommand:0/a", "onCreateCommand:0")) == {"postCreateCommand:0/b"}
