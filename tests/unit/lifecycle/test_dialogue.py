"""The script for the runner: lines that no value can break out of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.lifecycle import digest
from moorage.lifecycle.dialogue import NotAnArgument, Task, exportable, hidden, script

TASK = Task(stage="onCreateCommand:0", key="onCreateCommand:0", argv=("echo", "a b"))


def lines(*tasks: Task, **changes: object) -> list[str]:
    given_values: dict[str, object] = {"environment": {"A": "1"}, "folder": "/w"}
    return script(tasks, **(given_values | changes)).decode().split("\n")  # type: ignore[arg-type]


def test_the_whole_script() -> None:
    assert lines(TASK, unset=("B",), limit=1.5, secrets=("hush", "x")) == [
        "F/w", "UB", "EA=1", "L1.5", "Shush",
        "GonCreateCommand:0", "Monce", "KonCreateCommand:0", f"H{digest(TASK.argv)}", "Aecho", "Aa b",
        "go", "",
    ]  # fmt: skip


def test_limits_are_decimal() -> None:
    assert "L3600" in lines(TASK, limit=3600.0)
    assert not [line for line in lines(TASK) if line.startswith("L")]


def test_names_that_no_shell_exports_go_through_env() -> None:
    found = lines(TASK, environment={"a.b": "1", "UID": "2", "moor_x": "3", "C": "4"})
    assert "EC=4" in found
    assert found[found.index("Aenv") : found.index("go")] == [
        "Aenv", "Aa.b=1", "AUID=2", "Amoor_x=3", "Aecho", "Aa b",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["A", "_a", "a1_B"])
def test_plain_names_are_exported(name: str) -> None:
    assert exportable(name)


@pytest.mark.parametrize("name", ["", "1a", "a-b", "é", "a b", "IFS", "BASH_ENV", "PPID", "A\n"])
def test_other_names_are_not(name: str) -> None:
    assert not exportable(name)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(NotAnArgument, match="half"):
        script([Task(stage="s", key="k", argv=("\ud800",))], environment={}, folder="/")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=5))
def test_values_come_back_out_of_the_lines(arguments: list[str]) -> None:
    encoded = script([Task(stage="s", key="k", argv=tuple(arguments))], environment={}, folder="/")
    found: list[str] = []
    for line in encoded.decode(errors="surrogateescape").split("\n")[:-2]:
        if line[0] == "+":
            found[-1] += f"\n{line[1:]}"
        else:
            found.append(line)
    assert [line[1:] for line in found if line[0] == "A"] == arguments


def test_a_nul_byte_is_refused() -> None:
    with pytest.raises(NotAnArgument):
        lines(Task(stage="s", key="k", argv=("a\0b",)))


def test_each_line_of_a_secret_is_hidden_the_longest_first() -> None:
    assert hidden(["ab", "one\nlonger line\r\n", "one"]) == ["longer line", "one"]
