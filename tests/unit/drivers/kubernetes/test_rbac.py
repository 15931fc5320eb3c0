"""The least rights: what is asked for, and what is not."""

from __future__ import annotations

from moorage.drivers.kubernetes.rbac import roles


def verbs(found: object, resource: str) -> set[str]:
    assert isinstance(found, dict)
    rules = found["rules"]
    return {verb for rule in rules if resource in rule["resources"] for verb in rule["verbs"]}


def test_a_plain_user_changes_nothing_of_the_cluster_and_reads_no_secrets() -> None:
    (role,) = roles("moorage", "dev")
    assert role["kind"] == "Role"
    assert verbs(role, "secrets") == {"create", "patch", "delete"}
    assert verbs(role, "rolebindings") == set()
    assert verbs(role, "pods/exec") == {"create", "get"}


def test_more_is_asked_for_where_options_need_it() -> None:
    role, wide = roles("moorage", "dev", cluster_role="view", nodes=True)
    assert verbs(role, "clusterroles") == {"bind"}
    assert {"resourceNames": ["view"]}.items() <= role["rules"][-1].items()
    assert verbs(wide, "nodes") == {"list"}


def test_a_namespace_that_is_not_there_can_hold_no_role() -> None:
    (wide,) = roles("moorage", "dev", create_namespace=True)
    assert wide["kind"] == "ClusterRole"
    assert verbs(wide, "namespaces") == {"create", "get"}
    assert verbs(wide, "secrets") == {"create", "patch", "delete"}
