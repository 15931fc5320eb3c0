from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.mounts import (
    BadMount,
    Mount,
    format_mount,
    mount_of,
    parse_mount,
    workspace_paths,
)
from moorage.devcontainer.properties import Configuration, MountObject

word = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=12)
option_key = st.sampled_from(["consistency", "bind-propagation", "volume-opt", "volume-nocopy", "z"])
mounts = st.builds(
    Mount,
    kind=st.sampled_from(["bind", "volume", "tmpfs", "image"]),
    source=st.none() | word,
    target=word,
    read_only=st.booleans(),
    options=st.lists(st.tuples(option_key, st.none() | word), max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type=bind,source=/a,target=/b", Mount(kind="bind", source="/a", target="/b")),
        ("src=v,dst=/b", Mount(kind="volume", source="v", target="/b")),
        ("TYPE=tmpfs,Destination=/b", Mount(kind="tmpfs", target="/b")),
        ("target=/b", Mount(target="/b")),
        ("source=,target=/b", Mount(target="/b")),
        (
            "type=bind,source=/a,target=/b,readonly",
            Mount(kind="bind", source="/a", target="/b", read_only=True),
        ),
        ("target=/b,ro=true", Mount(target="/b", read_only=True)),
        ("target=/b,readonly=0", Mount(target="/b")),
        (
            "target=/b,volume-opt=type=nfs,volume-nocopy",
            Mount(target="/b", options=(("volume-opt", "type=nfs"), ("volume-nocopy", None))),
        ),
        ('"source=/a,b",target=/b', Mount(source="/a,b", target="/b")),
        ('"source=say ""hi""",target=/b', Mount(source='say "hi"', target="/b")),
        ("target=/b,", Mount(target="/b")),
    ],
)
def test_mount_texts(text: str, expected: Mount) -> None:
    assert parse_mount(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has no target"),
        ("type=bind,source=/a", "it has no target"),
        ('"target=/b', "a quote is not closed"),
        ('"target=/b"x', "a closing quote is not followed by a comma"),
        ("target=/b,ro=maybe", "readonly cannot be 'maybe'"),
    ],
)
def test_mounts_that_cannot_be_read(text: str, problem: str) -> None:
    with pytest.raises(BadMount, match=problem):
        parse_mount(text)


def test_the_object_form() -> None:
    assert mount_of(MountObject(type="volume", target="/c")) == Mount(kind="volume", target="/c")
    given = MountObject(type="bind", source="/a", target="/c")
    assert mount_of(given) == parse_mount("type=bind,source=/a,target=/c")


@given(mounts)
def test_a_mount_survives_its_text(mount: Mount) -> None:
    assert parse_mount(format_mount(mount)) == mount


def test_a_field_is_quoted_only_where_it_has_to_be() -> None:
    plain = Mount(kind="bind", source='/a "b"', target="/c")
    assert format_mount(plain) == 'type=bind,source=/a "b",target=/c'
    quoted = Mount(kind="bind", source='/a,"b"', target="/c")
    assert format_mount(quoted) == 'type=bind,"source=/a,""b""",target=/c'


@given(mounts)
def test_the_text_is_one_csv_record(mount: Mount) -> None:
    [fields] = csv.reader(io.StringIO(format_mount(mount)))
    assert f"target={mount.target}" in fields


@given(st.text(alphabet='",=abtype target/', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        mount = parse_mount(text)
    except BadMount:
        return
    assert parse_mount(format_mount(mount)) == mount


def configured(**values: Any) -> Configuration:
    return Configuration(image="x", **values)


def test_the_folder_itself_is_mounted_by_default() -> None:
    paths = workspace_paths("/home/ann/my, project", None, configured())
    assert paths.folder == "/workspaces/my, project"
    assert paths.mount == Mount(kind="bind", source="/home/ann/my, project", target="/workspaces/my, project")


def test_the_repository_is_mounted_and_the_folder_is_below_it() -> None:
    paths = workspace_paths("/src/mono/apps/web", "/src/mono", configured())
    assert (paths.root, paths.folder) == ("/src/mono", "/workspaces/mono/apps/web")
    assert paths.mount == Mount(kind="bind", source="/src/mono", target="/workspaces/mono")


def test_a_repository_that_does_not_hold_the_folder_is_not_used() -> None:
    assert workspace_paths("/a/b", "/a/c", configured()).root == "/a/b"


def test_the_top_of_the_file_system_has_a_name_too() -> None:
    assert workspace_paths("/", None, configured()).folder == "/workspaces/workspace"


def test_a_folder_of_its_own_keeps_the_default_mount() -> None:
    paths = workspace_paths("/a/b", None, configured(workspace_folder="/w"))
    assert paths.folder == "/w"
    assert paths.mount is not None
    assert paths.mount.target == "/workspaces/b"


def test_a_mount_of_its_own() -> None:
    text = "type=volume,source=v,target=/w"
    paths = workspace_paths("/a/b", None, configured(workspace_mount=text, workspace_folder="/w/sub"))
    assert (paths.mount, paths.folder) == (parse_mount(text), "/w/sub")
    assert workspace_paths("/a/b", None, configured(workspace_mount=text)).folder == "/w"


def test_an_empty_mount_is_none() -> None:
    paths = workspace_paths("/a/b", None, configured(workspace_mount="", workspace_folder="/w"))
    assert (paths.mount, paths.folder) == (None, "/w")


WORKTREE: dict[str, Any] = {"local_folder": "/src/tree", "git_root": None, "git_common": "/src/main/.git"}


def test_a_linked_worktree_is_as_far_from_its_repository_as_here() -> None:
    paths = workspace_paths(configuration=configured(), **WORKTREE)
    assert paths.folder == "/workspaces/tree"
    assert paths.common == Mount(kind="bind", source="/src/main/.git", target="/workspaces/main/.git")


@pytest.mark.parametrize("given", [{"workspace_folder": "/w"}, {"workspace_mount": "target=/w"}])
def test_only_mount_and_folder_together_are_in_the_place_of_that(given: dict[str, str]) -> None:
    assert workspace_paths(configuration=configured(**given), **WORKTREE).common is not None
    both = configured(workspace_folder="/w", workspace_mount="target=/w")
    assert workspace_paths(configuration=both, **WORKTREE).common is None


def test_consistency_for_engines_that_need_it() -> None:
    paths = workspace_paths("/a/b", None, configured(), consistency="cached")
    assert paths.mount is not None
    assert paths.mount.options == (("consistency", "cached"),)


@pytest.mark.parametrize(("folder", "expected"), [(None, "/"), ("/w", "/w")])
def test_compose_mounts_for_itself(folder: str | None, expected: str) -> None:
    configuration = Configuration(docker_compose_file="c.yml", service="a", workspace_folder=folder)
    paths = workspace_paths("/a/b", None, configuration)
    assert (paths.mount, paths.folder) == (None, expected)
