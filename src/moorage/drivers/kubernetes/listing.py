"""All workspaces of a namespace, found by labels alone."""

from __future__ import annotations

import asyncio

from ...kube import objects
from ...kube.client import Cluster
from ...kube.kinds import CONFIG_MAP, DEPLOYMENT, POD
from ...spec import names
from ..base import Listed
from . import naming
from .causes.reading import Deployment, Pod
from .observing import Found, Root

_OURS = f"{naming.MANAGED_BY}={naming.FIELD_MANAGER}"


async def listed(cluster: Cluster, namespace: str) -> tuple[Listed, ...]:
    """One entry per workspace, by name: three lists side by side."""
    roots, deployments, pods = await asyncio.gather(
        objects.find(cluster, CONFIG_MAP, Root, namespace=namespace, labels=f"{_OURS},{names.ROLE}=root"),
        objects.find(cluster, DEPLOYMENT, Deployment, namespace=namespace, labels=_OURS),
        objects.find(cluster, POD, Pod, namespace=namespace, labels=f"{names.ROLE}=workspace"),
    )
    by_name = {each.metadata.name: each for each in deployments.items}
    entries = []
    for root in roots.items:
        workspace = (root.metadata.labels or {}).get(names.ID, "")
        mine = tuple(each for each in pods.items if (each.metadata.labels or {}).get(names.ID) == workspace)
        entries.append(
            _entry(Found(root=root, deployment=by_name.get(root.metadata.name), pods=mine), workspace)
        )
    return tuple(sorted(entries, key=lambda entry: (entry.name, entry.workspace)))


def state(found: Found) -> str:
    """In the words that engines have for containers, where they fit."""
    if found.root is None or found.root.metadata.deletion_timestamp:
        return "removing"
    if found.deployment is None:
        return "no container"
    if found.ready:
        return "running"
    if found.deployment.spec.replicas:
        return "restarting"
    return "exited" if naming.STARTED in (found.deployment.metadata.annotations or {}) else "created"


def _entry(found: Found, workspace: str) -> Listed:
    assert found.root is not None
    labels = found.root.labels
    return Listed(
        workspace=workspace,
        name=labels.get(names.NAME, ""),
        source=labels.get(names.SOURCE, ""),
        owner=labels.get(names.OWNER, ""),
        state=state(found),
        container=naming.root(workspace) if found.deployment else "",
        labels=labels,
        created=_seconds(found.root.metadata.creation_timestamp or ""),
    )


def _seconds(text: str) -> int:
    from datetime import datetime  # for lists only

    try:
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
    except ValueError:
        return 0
