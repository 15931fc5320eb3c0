"""What the workspace may do in the cluster: nothing, unless `clusterRole` or `serviceAccount` says so."""

from __future__ import annotations

from collections.abc import Iterator

from .. import naming
from ..draft import Draft
from ..values import Json
from .metadata import metadata


def account(draft: Draft) -> str:
    """The name of the pod's ServiceAccount; "" for the namespace's default one, without its token."""
    if draft.options.service_account:
        return draft.options.service_account
    return naming.root(draft.workspace) if draft.options.cluster_role else ""


def rights(draft: Draft) -> Iterator[Json]:
    """An account of the workspace's own where none is named; one that is named has to be there."""
    role, name = draft.options.cluster_role, account(draft)
    if not role:
        return
    if not draft.options.service_account:
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata(draft, name),
            "automountServiceAccountToken": False,
        }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata(draft, naming.binding(draft.workspace, role, name)),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": draft.known.namespace}],
    }
