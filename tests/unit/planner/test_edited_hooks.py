"""Hooks that were edited after they ran, told from hashes in the journal."""

from __future__ import annotations

from moorage.devcontainer.lifecycle import HookName, Stage, digest, stages
from moorage.devcontainer.metadata import Hook, Merged
from moorage.devcontainer.properties import HookValue
from moorage.planner.hooks import edited
from moorage.spec.observation import Journal


def hook(value: HookValue, name: HookName = "postCreateCommand") -> tuple[Stage, ...]:
    field = {"postCreateCommand": "post_create_commands", "postStartCommand": "post_start_commands"}[name]
    return stages(Merged(**{field: (Hook("devcontainer.json", value),)}))  # type: ignore[arg-type]


def ran(done: tuple[str, ...] = ("postCreateCommand:0",), **commands: str) -> Journal:
    """By a command's name, "" for the only one."""
    return Journal(
        done=done,
        ran={
            f"postCreateCommand:0{'/' + name if name != 'only' else ''}": digest(("/bin/sh", "-c", text))
            for name, text in commands.items()
        },
    )


def texts(value: HookValue, journal: Journal) -> list[str]:
    return [each.text for each in edited(hook(value), journal)]


def test_the_same_command_is_no_difference() -> None:
    assert texts("one", ran(only="one")) == []
    assert texts({"a": "one", "b": "two"}, ran(a="one", b="two")) == []


def test_another_command_is_named() -> None:
    assert texts("two", ran(only="one")) == ["postCreateCommand is another command than the one that ran"]
    assert texts({"a": "one", "b": "other"}, ran(a="one", b="two")) == [
        "postCreateCommand [b] is another command than the one that ran"
    ]


def test_commands_that_came_and_went() -> None:
    assert texts({"a": "one", "c": "two"}, ran(a="one", b="two")) == [
        "postCreateCommand [b] is gone, but ran already",
        "postCreateCommand [c] is new and did not run",
    ]
    assert texts("", ran(only="one")) == ["postCreateCommand is gone, but ran already"]


def test_what_will_run_yet_is_no_difference() -> None:
    assert texts("two", ran(done=(), only="one")) == []
    assert texts({"a": "one", "b": "new"}, ran(done=("postCreateCommand:0/a",), a="one", b="failed")) == []


def test_an_older_journal_has_no_hashes() -> None:
    assert texts("two", ran()) == []


def test_start_hooks_run_anew_anyway() -> None:
    assert edited(hook("x", "postStartCommand"), ran()) == ()
