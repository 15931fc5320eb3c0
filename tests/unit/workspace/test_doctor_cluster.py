"""What the doctor says of clusters."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from moorage.drivers.kubernetes.causes.reading import Condition, Node, NodeInfo, NodeStatus
from moorage.drivers.kubernetes.options import Options
from moorage.drivers.kubernetes.rbac import roles
from moorage.kube import objects
from moorage.kube.access import Access
from moorage.kube.kinds import KINDS
from moorage.workspace.doctor import Check
from moorage.workspace.doctor.cluster import Right, Seen, judged, rights


def storage(name: str, default: str = "") -> objects.Head:
    annotations = {"storageclass.kubernetes.io/is-default-class": default}
    return objects.Head(metadata=objects.Metadata(name=name, annotations=annotations))


def node(architecture: str, ready: str = "True") -> Node:
    conditions = (Condition(type="Ready", status=ready),)
    return Node(status=NodeStatus(conditions=conditions, node_info=NodeInfo(architecture=architecture)))


GOOD = Seen(
    access=Access(server="https://cluster:6443", origin="context work of ~/.kube/config"),
    namespace="dev",
    version="v1.33.1",
    labels={},
    is_there=True,
    missing=(),
    cannot_build=(),
    classes=(storage("fast"), storage("standard", "true")),
    nodes=(node("amd64"), node("amd64"), node("arm64")),
)
SECRETS, LEASES = Right("create", "", "secrets"), Right("create", "coordination.k8s.io", "leases")


def said(options: Options | None = None, **changes: Any) -> dict[str, Check]:
    found = judged(msgspec.structs.replace(GOOD, **changes), options or Options())
    return {check.name: check for check in found}


def test_a_good_cluster() -> None:
    found = said()
    assert {check.level for check in found.values()} == {"ok"}
    assert found["cluster"].text == "https://cluster:6443 (context work of ~/.kube/config)"
    assert found["storage"].text == "standard, the default of 2"
    assert found["nodes"].text == "2 × amd64, 1 × arm64, ready"


def test_what_we_may_not_see_is_no_fault() -> None:
    found = said(is_there=None, labels=None, classes=None, nodes=None)
    assert {check.level for check in found.values()} == {"ok"}


def test_pod_security_is_told() -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    assert said(labels=labels)["namespace"].text == "dev, pod security restricted"


@pytest.mark.parametrize(
    ("options", "changes", "name", "level", "words"),
    [
        (Options(), {"version": "v1.20.3"}, "cluster version", "warn", "v1.20.3"),
        (Options(), {"is_there": False}, "namespace", "fail", "no namespace dev"),
        (Options(create_namespace=True), {"is_there": False}, "namespace", "ok", "will make"),
        (Options(), {"missing": (SECRETS, LEASES)}, "rights", "fail", "create leases.coordination.k8s.io"),
        (Options(), {"missing": (SECRETS,) * 8}, "rights", "fail", "and 2 more"),
        (Options(), {"classes": (storage("fast"),)}, "storage", "fail", "no default storage class"),
        (Options(storage_class="fast"), {}, "storage", "ok", "fast"),
        (Options(storage_class="none"), {}, "storage", "fail", "no storage class none"),
        (Options(), {"nodes": (node("amd64", "Unknown"),)}, "nodes", "warn", "None of 1 is ready"),
        (Options(build_repository="r/i"), {}, "images", "ok", "built into r/i"),
        (Options(build_repository="r/i"), {"cannot_build": (LEASES,)}, "images", "warn", "built before"),
        (Options(build_repository="r", builder="engine"), {"cannot_build": (LEASES,)}, "images", "ok", "r"),
    ],
)  # fmt: skip
def test_what_is_wrong(options: Options, changes: dict[str, Any], name: str, level: str, words: str) -> None:
    check = said(options, **changes)[name]
    assert check.level == level
    assert words in check.text
    assert check.hint or level == "ok"


def test_every_right_can_be_asked_for() -> None:
    """Of all roles that moorage prints: each names a kind that it knows."""
    wanted = rights(
        roles("m", "n", cluster_role="edit", nodes=True, helper=True, builder="b", pull_secrets=("s",))
    )
    known = {(kind.group, kind.plural) for kind in KINDS}
    assert {(each.group, each.resource.partition("/")[0]) for each in wanted} <= known
    assert Right("get", "", "secrets", "s") in wanted
