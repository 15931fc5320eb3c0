"""The least rights that a user of this driver needs, as manifests to apply. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .values import Json

_READ = ("get", "list", "watch")
_CHANGE = (*_READ, "create", "patch", "delete")
_STREAM = ("create", "get")
"""Servers from 1.35 on ask for create where older ones ask for get."""


def roles(
    name: str,
    namespace: str,
    *,
    cluster_role: str = "",
    create_namespace: bool = False,
    nodes: bool = False,
    helper: bool = False,
    builder: str = "",
    pull_secrets: tuple[str, ...] = (),
) -> tuple[Json, ...]:
    """A Role for the namespace and, where something of the whole cluster is needed, a ClusterRole.

    `cluster_role`: the role that workspaces may be given by the option clusterRole. `nodes`: to know what
    nodes offer before anything is created; `helper`: to find out their architecture without that. `builder`:
    the namespace in which images are built. `pull_secrets`: Secrets whose logins are used to look images up
    and to push them. `create_namespace`: what belongs into the namespace is a part of the ClusterRole, as no
    Role can be in one that is not there yet. Whom to bind them to is for the reader to say.
    """
    own = list(_rules(cluster_role, helper, pull_secrets))
    wide = list(_wide(create_namespace, nodes))
    building = [_role("Role", f"{name}-builder", list(_building()), builder)] if builder else []
    if create_namespace:
        return (_role("ClusterRole", name, [*own, *wide]), *building)
    found = [_role("Role", name, own, namespace), *building]
    return (*found, *([_role("ClusterRole", name, wide)] if wide else []))


def _rules(cluster_role: str, helper: bool, pull_secrets: tuple[str, ...]) -> Iterator[Json]:
    yield _rule("", ("configmaps", "persistentvolumeclaims"), _CHANGE)
    yield _rule("", ("configmaps/finalizers",), ("update",))
    yield _rule("", ("secrets",), ("create", "patch", "delete"))
    yield _rule("apps", ("deployments",), (*_CHANGE, "update"))
    yield _rule("", ("pods",), (*_READ, "delete", *(("create",) if helper else ())))
    yield _rule("", ("pods/log",), ("get",))
    yield _rule("", ("pods/exec", "pods/portforward"), _STREAM)
    yield _rule("", ("events",), ("list", "watch"))
    yield _rule("", ("namespaces",), ("get",))
    if pull_secrets:
        yield _rule("", ("secrets",), ("get",), pull_secrets)
    if cluster_role:
        kinds = ("create", "patch", "delete", "list")
        yield _rule("", ("serviceaccounts",), kinds)
        yield _rule("rbac.authorization.k8s.io", ("rolebindings",), kinds)
        yield _rule("rbac.authorization.k8s.io", ("clusterroles",), ("bind",), (cluster_role,))


def _building() -> Iterator[Json]:
    yield _rule("", ("pods",), (*_READ, "create", "delete"))
    yield _rule("", ("pods/exec",), _STREAM)
    yield _rule("", ("pods/log",), ("get",))
    yield _rule("", ("persistentvolumeclaims",), ("create", "list"))
    yield _rule("", ("events",), ("list",))
    yield _rule("coordination.k8s.io", ("leases",), ("create", "list", "watch", "patch", "delete"))


def _wide(create_namespace: bool, nodes: bool) -> Iterator[Json]:
    if create_namespace:
        yield _rule("", ("namespaces",), ("create", "get"))
    if nodes:
        yield _rule("", ("nodes",), ("list",))


def _rule(
    group: str, resources: tuple[str, ...], verbs: tuple[str, ...], names: tuple[str, ...] = ()
) -> Json:
    found: Json = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    return found | ({"resourceNames": list(names)} if names else {})


def _role(kind: str, name: str, rules: list[Json], namespace: str = "") -> Json:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "rules": rules,
    }
