from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.host_requirements import Gpu, Requirements
from moorage.devcontainer.metadata import (
    PERSISTED,
    Hook,
    Label,
    Merged,
    entries_of_container,
    entry,
    merge,
    parse_label,
    write_label,
)
from moorage.devcontainer.mounts import Mount
from moorage.devcontainer.properties import PortAttributes


def test_the_24_properties() -> None:
    assert len(PERSISTED) == 24
    assert "updateRemoteUserUID" in PERSISTED


def test_an_entry_keeps_what_the_label_keeps_as_written() -> None:
    given = {
        "image": "x",
        "runArgs": ["-it"],
        "initializeCommand": "a",
        "postCreateCommand": "echo ${localEnv:X}",
        "remoteUser": "dev",
        "init": False,
        "remoteEnv": {"A": None},
        "waitFor": None,
        "extensions": ["a.b"],
    }
    assert entry(given) == {
        "postCreateCommand": "echo ${localEnv:X}",
        "remoteUser": "dev",
        "init": False,
        "remoteEnv": {"A": None},
        "customizations": {"vscode": {"extensions": ["a.b"]}},
    }


@pytest.mark.parametrize("text", [None, ""])
def test_no_text_is_no_label(text: str | None) -> None:
    assert parse_label(text) == Label()


def test_an_array_or_one_object() -> None:
    assert parse_label('[{"init": true}, {"id": "x"}]').entries == ({"init": True}, {"id": "x"})
    assert parse_label('{"init": true}').entries == ({"init": True},)


@pytest.mark.parametrize(
    ("text", "kept"), [("[{]", 0), ("3", 0), ('[{"a": 1}, 3]', 1), ('"x"', 0), ("\ud800", 0), ("[" * 5000, 0)]
)
def test_a_label_that_cannot_be_read_is_told_not_raised(text: str, kept: int) -> None:
    label = parse_label(text)
    assert len(label.entries) == kept
    assert label.problem


def test_the_label_is_always_an_array_without_empty_entries() -> None:
    assert json.loads(write_label([{}, {"init": True}])) == [{"init": True}]
    assert write_label([]) == "[]"


LABEL = write_label(
    [{"id": "f", "postCreateCommand": "f"}, {"remoteUser": "old", "postCreateCommand": "old"}]
)
NEW = {"image": "x", "remoteUser": "new", "postCreateCommand": "new"}


def test_of_an_existing_container_the_label_counts_and_little_of_the_file() -> None:
    entries = entries_of_container(LABEL, NEW, has_identity_labels=True)
    assert entries[2] == {"remoteUser": "new"}
    merged = merge(entries)
    assert merged.remote_user == "new"
    assert merged.post_create_commands == (Hook("f", "f"), Hook("devcontainer.json", "old"))


def test_of_a_container_that_is_not_of_this_file_all_of_the_file_counts() -> None:
    assert entries_of_container(LABEL, NEW, has_identity_labels=False)[2] == entry(NEW)


@pytest.mark.parametrize("label", [None, ""])
@pytest.mark.parametrize("identity", [True, False])
def test_without_a_label_the_file_is_all_there_is(label: str | None, identity: bool) -> None:
    assert entries_of_container(label, NEW, has_identity_labels=identity) == (entry(NEW),)


def test_nothing_merged_is_all_defaults() -> None:
    assert merge([]) == merge([{}, {}]) == Merged()


def merged_pair(key: str, first: object, second: object) -> Merged:
    merged = merge([{key: first}, {"name": "no matter"}, {key: second}])
    assert not merged.problems
    return merged


@pytest.mark.parametrize(
    ("key", "first", "second", "attribute", "expected"),
    [
        ("init", True, False, "init", True),
        ("privileged", False, True, "privileged", True),
        ("capAdd", ["B", "A"], ["C", "B"], "cap_add", ("B", "A", "C")),
        ("securityOpt", ["x"], ["x"], "security_opt", ("x",)),
        ("entrypoint", "/a", "/b", "entrypoints", ("/a", "/b")),
        ("entrypoint", "/a", "", "entrypoints", ("/a",)),
        ("waitFor", "onCreateCommand", "postCreateCommand", "wait_for", "postCreateCommand"),
        ("containerUser", "a", "b", "container_user", "b"),
        ("remoteUser", "a", "", "remote_user", "a"),
        ("userEnvProbe", "none", "loginShell", "user_env_probe", "loginShell"),
        ("shutdownAction", "stopContainer", "none", "shutdown_action", "none"),
        ("overrideCommand", True, False, "override_command", False),
        ("overrideCommand", False, None, "override_command", False),
        ("updateRemoteUserUID", True, False, "update_remote_user_uid", False),
        ("containerEnv", {"A": "1", "B": "1"}, {"B": "2"}, "container_env", {"A": "1", "B": "2"}),
        ("remoteEnv", {"A": "1"}, {"A": None}, "remote_env", {"A": None}),
        (
            "portsAttributes",
            {"1": {"label": "a", "protocol": "http"}},
            {"1": {"label": "b"}},
            "ports_attributes",
            {"1": PortAttributes(label="b")},
        ),
        (
            "otherPortsAttributes",
            {"label": "a"},
            {"label": "b"},
            "other_ports_attributes",
            PortAttributes(label="b"),
        ),
        ("forwardPorts", [3000, "db:1"], ["localhost:3000", 4000], "forward_ports", (3000, "db:1", 4000)),
        (
            "hostRequirements",
            {"cpus": 2, "memory": "8gb"},
            {"cpus": 4, "memory": "512mb", "storage": "1tb"},
            "host_requirements",
            Requirements(cpus=4, memory=8 * 2**30, storage=2**40),
        ),
        (
            "hostRequirements",
            {"gpu": {"cores": 8, "memory": "1gb"}},
            {"gpu": {"cores": 2, "memory": "2gb"}},
            "host_requirements",
            Requirements(gpu=Gpu(cores=8, memory=2**31)),
        ),
        (
            "hostRequirements",
            {"gpu": "optional"},
            {"gpu": True},
            "host_requirements",
            Requirements(gpu=Gpu()),
        ),
        (
            "hostRequirements",
            {"gpu": "optional"},
            {"gpu": False},
            "host_requirements",
            Requirements(gpu="optional"),
        ),
        ("customizations", {"a": 1, "b": 2}, {"a": [3]}, "customizations", {"a": (1, [3]), "b": (2,)}),
    ],
)
def test_the_table_of_the_specification(
    key: str, first: object, second: object, attribute: str, expected: object
) -> None:
    assert getattr(merged_pair(key, first, second), attribute) == expected


@pytest.mark.parametrize(
    ("key", "attribute"),
    [
        ("onCreateCommand", "on_create_commands"),
        ("updateContentCommand", "update_content_commands"),
        ("postCreateCommand", "post_create_commands"),
        ("postStartCommand", "post_start_commands"),
        ("postAttachCommand", "post_attach_commands"),
    ],
)
def test_hooks_of_all_entries_in_order_with_their_origin(key: str, attribute: str) -> None:
    merged = merge(
        [{key: "base"}, {"id": "ghcr.io/x/y:1", key: ["a"]}, {"id": "e", key: ""}, {key: {"k": "own"}}]
    )
    assert getattr(merged, attribute) == (
        Hook("image", "base"),
        Hook("ghcr.io/x/y:1", ("a",)),
        Hook("devcontainer.json", {"k": "own"}),
    )


def test_of_mounts_with_one_target_the_last_wins_at_its_own_place() -> None:
    merged = merge(
        [
            {"mounts": ["source=a,target=/a", "type=bind,src=/x,dst=/b"]},
            {"mounts": [{"type": "volume", "source": "new", "target": "/a"}]},
        ]
    )
    assert merged.mounts == (
        Mount(kind="bind", source="/x", target="/b"),
        Mount(kind="volume", source="new", target="/a"),
    )


def test_ill_typed_properties_are_left_out_and_told() -> None:
    merged = merge(
        [
            {"id": "evil", "init": "yes", "capAdd": "ALL", "remoteUser": "dev", "onCreateCommand": 3},
            {"id": 7, "mounts": ["no target"], "containerEnv": {"A": 1}},
            {"containerUser": "me"},
        ]
    )
    assert (merged.init, merged.cap_add, merged.remote_user, merged.container_user) == (
        False,
        (),
        "dev",
        "me",
    )
    assert len(merged.problems) == 6
    assert any("'evil': init is left out" in problem for problem in merged.problems)
    assert any("number 2: containerEnv" in problem for problem in merged.problems)


anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from([*PERSISTED, "id", "entrypoint", "image"])
names = st.sampled_from(["A", "B", "C"])
pieces: dict[str, Any] = {
    "init": st.booleans(),
    "privileged": st.booleans(),
    "capAdd": st.lists(names, max_size=3),
    "securityOpt": st.lists(names, max_size=3),
    "mounts": st.lists(st.builds("type=volume,source={},target=/{}".format, names, names), max_size=3),
    "remoteUser": names,
    "overrideCommand": st.booleans(),
    "containerEnv": st.dictionaries(names, names, max_size=2),
    "remoteEnv": st.dictionaries(names, st.none() | names, max_size=2),
    "forwardPorts": st.lists(st.integers(0, 3), max_size=3),
    "hostRequirements": st.fixed_dictionaries({"cpus": st.integers(0, 8)}),
}
entry_values = st.fixed_dictionaries({}, optional=pieces)


@given(st.lists(st.dictionaries(keys, anything, max_size=6), max_size=4))
def test_no_label_of_anybody_can_break_the_merge(entries: list[dict[str, Any]]) -> None:
    merge(parse_label(write_label(entries)).entries)


@given(st.lists(entry_values, max_size=4))
def test_the_same_entries_twice_are_the_same_configuration(entries: list[dict[str, Any]]) -> None:
    assert merge(entries + entries) == merge(entries)


@given(st.lists(entry_values, max_size=4), entry_values)
def test_empty_entries_change_nothing(entries: list[dict[str, Any]], one: dict[str, Any]) -> None:
    assert merge([*entries, {}, one, {}]) == merge([*entries, one])


@given(st.lists(entry_values, max_size=3), entry_values)
def test_the_last_entry_has_its_say(entries: list[dict[str, Any]], own: dict[str, Any]) -> None:
    merged = merge([*entries, own])
    assert merged.container_env.items() >= own.get("containerEnv", {}).items()
    assert merged.remote_env.items() >= own.get("remoteEnv", {}).items()
    assert set(merged.cap_add) >= set(own.get("capAdd", []))
    assert own.get("remoteUser") in (None, merged.remote_user)
    assert own.get("overrideCommand") in (None, merged.override_command)
    assert merged.host_requirements.cpus >= own.get("hostRequirements", {}).get("cpus", 0)
    targets = [mount.target for mount in merged.mounts]
    assert len(targets) == len(set(targets))


@given(st.lists(entry_values, max_size=4))
def test_label_round_trip(entries: list[dict[str, Any]]) -> None:
    assert merge(parse_label(write_label(entries)).entries) == merge(entries)
