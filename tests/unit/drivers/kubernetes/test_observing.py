"""What objects say of a workspace's state, and names read backwards."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.drivers.kubernetes import naming
from moorage.drivers.kubernetes.causes.reading import Deployment, Node, Pod
from moorage.drivers.kubernetes.inside import described, told
from moorage.drivers.kubernetes.listing import state
from moorage.drivers.kubernetes.observing import Found, Root, current, remembered
from moorage.drivers.kubernetes.options import Options
from moorage.drivers.kubernetes.reading import architecture, as_facts

ID = "0123456789abcdef"


def pod(name: str, created: str = "", phase: str = "Running", going: str | None = None) -> Pod:
    metadata = {"name": name, "creationTimestamp": created, "deletionTimestamp": going}
    statuses = [{"name": "devcontainer", "state": {"running": {}}}]
    return msgspec.convert(
        {"metadata": metadata, "status": {"phase": phase, "containerStatuses": statuses}}, Pod
    )


@pytest.mark.parametrize(
    ("name", "workspace"),
    [
        (f"moorage-{ID}", ID),
        (f"moorage-{ID}-7fdf6c44cd-qqlcq", ID),
        (f"moorage-{ID}-7fdf6c44cd-qqlcq_0a1b2c3d", ID),
        ("something-else", ""),
        ("0e4bd1a6-1111-2222-3333-444455556666", ""),
        (f"moorage-{ID}-home", ""),
    ],
)
def test_the_workspace_in_a_name(name: str, workspace: str) -> None:
    assert naming.workspace_of(name) == workspace


def test_the_pod_that_counts_is_the_newest_that_stays() -> None:
    old, new = pod("a", "2026-01-01T00:00:00Z"), pod("b", "2026-01-02T00:00:00Z")
    going = pod("c", "2026-01-03T00:00:00Z", going="2026-01-03T00:00:01Z")
    failed = pod("d", "2026-01-04T00:00:00Z", phase="Failed")
    assert current((old, going, new, failed)) == new
    assert current((failed, going)) == failed
    assert current((going,)) is None


@pytest.mark.parametrize(
    ("deployment", "pods", "wanted"),
    [
        (None, (), "no container"),
        ({"spec": {"replicas": 0}}, (), "created"),
        ({"spec": {"replicas": 0}, "metadata": {"annotations": {naming.STARTED: "yes"}}}, (), "exited"),
        ({"spec": {"replicas": 1}}, (), "restarting"),
        ({"spec": {"replicas": 1}}, (pod("a"),), "running"),
    ],
)
def test_states(deployment: dict[str, Any] | None, pods: tuple[Pod, ...], wanted: str) -> None:
    made = msgspec.convert(deployment, Deployment) if deployment else None
    assert state(Found(root=Root(), deployment=made, pods=pods)) == wanted


def test_what_cannot_be_read_of_a_root_is_nothing() -> None:
    assert Root(data={"labels.json": "{broken"}).labels == {}
    assert Root(data=None).labels == {}


def test_a_root_remembers_its_template_also_without_a_deployment() -> None:
    labels = msgspec.json.encode({"dev.moorage.template": "{}"}).decode()
    root = msgspec.convert({"metadata": {"name": "r"}, "data": {"labels.json": labels}}, Root)
    assert remembered(Found(root=root)) == "{}"
    going = msgspec.convert(
        {"metadata": {"name": "r", "deletionTimestamp": "now"}, "data": {"labels.json": labels}}, Root
    )
    assert remembered(Found(root=going)) == remembered(Found()) == ""


def test_facts_are_of_the_largest_node() -> None:
    def node(cpu: str, machine: str, system: str = "linux") -> Node:
        info = {"architecture": machine, "operatingSystem": system}
        return msgspec.convert(
            {"status": {"allocatable": {"cpu": cpu, "memory": "4Gi"}, "nodeInfo": info}}, Node
        )

    nodes = (node("1900m", "arm64"), node("8", "amd64"), node("4", "amd64"), node("64", "amd64", "windows"))
    facts = as_facts(nodes, "v1.36.3", architecture(nodes), Options())
    assert (facts.cpus, facts.memory, facts.platform, facts.version) == (
        8,
        4 * 2**30,
        "linux/amd64",
        "1.36.3",
    )
    assert facts.furnishes
    assert not facts.local
    assert as_facts((), "v1", "", Options()).cpus == 0


@given(st.binary(max_size=300))
def test_any_bytes_of_a_look_are_read(data: bytes) -> None:
    told(b"instance a.b\n" + data)


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), min_size=1
    )
)
def test_a_description_has_one_line_a_value(words: list[str]) -> None:
    said = described(tuple(words), "me", {"A": "x\ny"}, "/", stdin=True).decode()
    assert said.endswith("Iopen\ngo\n")
    assert sum(line.startswith("A") for line in said.split("\n")) == len(words)
