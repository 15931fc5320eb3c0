"""Which workspace a text means."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.drivers.base import Listed
from moorage.planner.request import Host, Request
from moorage.spec import names
from moorage.spec.source import canonical
from moorage.workspace.find import (
    NoWorkspace,
    Place,
    SeveralWorkspaces,
    choose,
    shown_source,
    source_meant,
    usual,
)

HERE = Place(owner="ada", folder="/nowhere/at/all", home="/home/ada")


def listed(source: str, *, name: str = "", owner: str = "ada", config: str = "", shown: str = "") -> Listed:
    workspace = names.workspace_id(owner, source, config, name)
    return Listed(
        workspace=workspace,
        name=shown or name or source.rpartition("/")[2],
        source=source,
        owner=owner,
        state="running",
        container=f"moorage-{workspace}",
    )


def test_a_name_and_an_id_and_a_container_find_it() -> None:
    one, other = listed("folder:/a/one"), listed("folder:/a/other")
    assert choose("one", [one, other], HERE) is one
    assert choose(other.workspace, [one, other], HERE) is other
    assert choose(other.container, [one, other], HERE) is other


def test_a_source_finds_it_in_any_spelling() -> None:
    one = listed("git:https://github.com/org/tool")
    for text in (
        "https://github.com/org/tool.git",
        "github.com/org/tool",
        "https://GitHub.com:443/org/tool/",
    ):
        assert choose(text, [one], HERE) is one


def test_a_folder_is_relative_to_where_the_user_stands(tmp_path: Path) -> None:
    one = listed(f"folder:{tmp_path}")
    here = Place(owner="ada", folder=str(tmp_path), home="/home/ada")
    assert choose(".", [one], here) is one
    assert choose(str(tmp_path) + "/", [one], here) is one


def test_a_workspace_outlives_its_folder() -> None:
    one = listed("folder:/gone/long/ago")
    assert choose("/gone/long/ago", [one], HERE) is one
    assert choose("../../../gone/long/ago", [one], HERE) is one


def test_of_several_with_one_name_the_own_one_counts() -> None:
    own, foreign = listed("folder:/a/x"), listed("folder:/b/x", owner="eve")
    assert choose("x", [foreign, own], HERE) is own
    assert choose("x", [foreign], HERE) is foreign


def test_of_several_from_one_source_the_one_that_up_makes_without_options() -> None:
    plain, named = listed("folder:/a/x"), listed("folder:/a/x", name="second")
    assert choose("/a/x", [named, plain], HERE) is plain


def test_several_from_one_source_are_told_apart_by_the_user() -> None:
    first, second = listed("folder:/a/x", name="first"), listed("folder:/a/x", name="second")
    with pytest.raises(SeveralWorkspaces) as raised:
        choose("/a/x", [first, second], HERE)
    assert "first" in raised.value.evidence[0]
    assert "second" in raised.value.evidence[1]
    assert raised.value.exit_code == 2


def test_a_word_that_is_a_name_and_a_folder_of_two_workspaces_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    here = Place(owner="ada", folder=str(tmp_path), home="/home/ada")
    folder = listed(f"folder:{tmp_path}/tool", shown="tool-1234")
    repository = listed("git:https://github.com/org/tool", shown="tool")
    with pytest.raises(SeveralWorkspaces) as raised:
        choose("tool", [folder, repository], here)
    assert "./tool" in raised.value.hint
    assert choose("./tool", [folder, repository], here) is folder


def test_a_name_counts_where_the_folder_of_that_name_has_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    here = Place(owner="ada", folder=str(tmp_path), home="/home/ada")
    repository = listed("git:https://github.com/org/tool", shown="tool")
    assert choose("tool", [repository], here) is repository


def test_nothing_found_says_what_there_is_and_what_was_meant() -> None:
    with pytest.raises(NoWorkspace) as raised:
        choose("prject", [listed("folder:/a/project")], HERE)
    assert "/a/project" in raised.value.evidence[0]
    assert raised.value.hint == "Did you mean project?"


def test_nothing_found_in_a_folder_of_a_workspace_names_that_one(tmp_path: Path) -> None:
    inner = tmp_path / "src"
    inner.mkdir()
    here = Place(owner="ada", folder=str(inner), home="/home/ada")
    with pytest.raises(NoWorkspace) as raised:
        choose(".", [listed(f"folder:{tmp_path}", shown="outer")], here)
    assert "outer" in raised.value.hint


def test_nothing_at_all_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace) as raised:
        choose(str(tmp_path), [], HERE)
    assert raised.value.evidence == ("There is no workspace on this engine.",)
    assert "moorage up" in raised.value.hint


def test_a_text_that_is_no_source_is_no_workspace_either() -> None:
    with pytest.raises(NoWorkspace):
        choose("ext::sh -c x", [], HERE)


def test_a_source_is_shown_as_one_would_type_it() -> None:
    assert shown_source(listed("git:https://github.com/org/tool branch=main")) == (
        "https://github.com/org/tool@main"
    )
    assert shown_source(listed("something else")) == "something else"


@pytest.mark.parametrize(
    "text", [".", "/home/ada/tool", "../tool", "https://github.com/org/tool", "org/tool"]
)
def test_a_source_is_looked_for_where_up_makes_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    here = Place(owner="ada", folder=str(tmp_path / "tool"), home="/home/ada")
    source = source_meant(text, here)
    assert source is not None
    host = Host(owner="ada", environment={}, uid=1, gid=1)
    request = Request(source=source, host=host)
    found = usual(text, here)
    assert found is not None
    assert (found.workspace, found.container) == (request.workspace, request.container)
    one = listed(canonical(source))
    assert choose(text, [one], here).workspace == found.workspace


@pytest.mark.parametrize("text", ["tool", "tool-1", "0123456789abcdef", "git@", ""])
def test_what_may_be_a_name_is_looked_for_in_the_list(text: str) -> None:
    assert usual(text, HERE) is None
