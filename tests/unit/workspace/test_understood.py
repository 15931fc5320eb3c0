"""Merged values as JSON, under the specification's names."""

from __future__ import annotations

from moorage.devcontainer.metadata import Merged, merge
from moorage.workspace.understood import as_written


def written(*entries: dict[str, object]) -> dict[str, object]:
    return as_written(merge(entries))


def test_nothing_set_is_nothing_written() -> None:
    assert as_written(Merged()) == {}
    assert written({}) == {}


def test_names_are_those_of_the_specification() -> None:
    assert written({"remoteUser": "me", "updateRemoteUserUID": False, "overrideCommand": False}) == {
        "remoteUser": "me",
        "updateRemoteUserUID": False,
        "overrideCommand": False,
    }


def test_a_removed_variable_stays_null() -> None:
    assert written({"remoteEnv": {"A": None, "B": "x"}}) == {"remoteEnv": {"A": None, "B": "x"}}


def test_members_that_nobody_set_are_left_out_and_nulls_of_people_kept() -> None:
    found = written(
        {"portsAttributes": {"80": {"label": "web"}}, "customizations": {"tool": {"a": None, "b": 0}}}
    )
    assert found == {
        "portsAttributes": {"80": {"label": "web"}},
        "customizations": {"tool": [{"a": None, "b": 0}]},
    }


def test_hooks_in_order() -> None:
    found = written({"postCreateCommand": "one"}, {"postCreateCommand": ["two", "x"]})
    assert isinstance(found["postCreateCommands"], list)
    assert [each["value"] for each in found["postCreateCommands"]] == ["one", ["two", "x"]]
