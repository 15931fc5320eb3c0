from __future__ import annotations

from typing import Any

import pytest

from moorage.devcontainer.lifecycle import (
    CREATE_HOOKS,
    HOOKS,
    Command,
    Stage,
    digest,
    initialize,
    keyed,
    split,
    stages,
)
from moorage.devcontainer.metadata import merge

FULL = merge([{"id": "f", **{hook: f"f {hook}" for hook in HOOKS}}, {hook: f"own {hook}" for hook in HOOKS}])


def argvs(value: Any) -> list[tuple[str | None, tuple[str, ...]]]:
    return [
        (command.key, command.argv)
        for stage in stages(merge([{"onCreateCommand": value}]))
        for command in stage.commands
    ]


def test_hook_by_hook_and_entry_by_entry() -> None:
    found = stages(FULL)
    assert [(stage.hook, stage.origin) for stage in found] == [
        (hook, origin) for hook in HOOKS for origin in ("f", "devcontainer.json")
    ]
    assert found[1].commands == (
        Command(
            hook="onCreateCommand",
            index=1,
            origin="devcontainer.json",
            argv=("/bin/sh", "-c", "own onCreateCommand"),
        ),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a && b", [(None, ("/bin/sh", "-c", "a && b"))]),
        (["a", "b c"], [(None, ("a", "b c"))]),
        ({"x": "a", "y": ["b", ""]}, [("x", ("/bin/sh", "-c", "a")), ("y", ("b", ""))]),
        ({"x": "", "y": ["b"], "z": []}, [("y", ("b",))]),
        ("", []),
        ("  ", []),
        ([], []),
        ([""], []),
        ({}, []),
        ({"x": ""}, []),
    ],
)
def test_forms(value: Any, expected: list[Any]) -> None:
    assert argvs(value) == expected


def test_an_index_does_not_shift_when_an_empty_one_is_left_out() -> None:
    found = stages(merge([{"id": "f", "onCreateCommand": {"a": ""}}, {"onCreateCommand": "x"}]))
    assert [stage.index for stage in found] == [1]


def test_initialize_is_a_stage_of_its_own() -> None:
    assert initialize(None) is None
    assert initialize("") is None
    assert initialize(("make", "x")) == Stage(
        hook="initializeCommand",
        index=0,
        origin="devcontainer.json",
        commands=(
            Command(hook="initializeCommand", index=0, origin="devcontainer.json", argv=("make", "x")),
        ),
    )


@pytest.mark.parametrize(
    ("wait_for", "last"),
    [
        ("initializeCommand", None),
        ("onCreateCommand", "onCreateCommand"),
        (None, "updateContentCommand"),
        ("updateContentCommand", "updateContentCommand"),
        ("postCreateCommand", "postCreateCommand"),
        ("postStartCommand", "postStartCommand"),
    ],
)
def test_up_waits_for_the_stages_up_to_wait_for(wait_for: Any, last: str | None) -> None:
    before, after = split(stages(FULL), wait_for)
    assert before + after == stages(FULL)
    assert (before[-1].hook if before else None) == last
    assert not {stage.hook for stage in before} & {stage.hook for stage in after}


def test_create_hooks_are_the_first_three() -> None:
    assert CREATE_HOOKS == ("onCreateCommand", "updateContentCommand", "postCreateCommand")


def test_keys_of_the_journal() -> None:
    [one, several] = stages(merge([{"onCreateCommand": "a", "postCreateCommand": {"x": "b", "y": "c"}}]))
    assert keyed(one, "k") == (("k", one.commands[0]),)
    assert [key for key, _ in keyed(several, "k")] == ["k/x", "k/y"]


def test_a_digest_tells_commands_apart() -> None:
    assert digest(("a", "b")) == digest(("a", "b"))
    assert len({digest(("a", "b")), digest(("ab",)), digest(("a b",)), digest(("b", "a"))}) == 4
    assert len(digest(("a",))) == 16  # journals of containers that are there already have it
