"""Why a workspace is not as it should be, asked at any time: one look at all that tells of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from ...kube import objects
from ...kube.client import Cluster
from ...kube.errors import Forbidden, ObjectMissing
from ...kube.kinds import CLAIM, EVENT, NODE, POD, Kind
from ...spec import names
from . import naming
from .causes.cause import Cause
from .causes.find import cause, failing, trouble
from .causes.reading import Claim, Event, Node, Pod, Seen
from .errors import WorkspaceFailed
from .observing import Found, look
from .waiting import tail

T = TypeVar("T")


async def explain(cluster: Cluster, namespace: str, workspace: str, source: str = "") -> Cause | None:
    """The cause that matters most; None where nothing is wrong, or nobody wants the workspace to run.

    What we may not see is left out. Raises what `kube` raises where the workspace itself cannot be seen.
    """
    found, events, claims = await asyncio.gather(
        look(cluster, namespace, workspace),
        _events(cluster, namespace, workspace),
        _of(cluster, CLAIM, Claim, namespace, labels=f"{names.ID}={workspace}"),
    )
    if found.deployment is None or not found.deployment.spec.replicas:
        return None
    seen = Seen(
        deployment=found.deployment,
        pod=found.pod,
        events=events,
        claims=claims,
        nodes=await _node(cluster, found),
        source=source,
    )
    return trouble(await _with_logs(cluster, namespace, seen))


async def verdict_on(
    cluster: Cluster, namespace: str, name: str, scheduling: float
) -> WorkspaceFailed | None:
    """Why this pod will not come up; None while there is hope. `scheduling`: seconds that no node may have
    room for it.
    """
    pod, events, claims = await asyncio.gather(
        objects.get(cluster, POD, name, Pod, namespace=namespace),
        _of(cluster, EVENT, Event, namespace, fields=f"involvedObject.name={name}"),
        _of(cluster, CLAIM, Claim, namespace, fields=f"metadata.name={name}"),
    )
    seen = await _with_logs(cluster, namespace, Seen(pod=pod, events=events, claims=claims))
    found = cause(seen)
    if pod is None or found is None or not (found.hopeless or found.scheduling):
        return None
    made = datetime.fromisoformat(pod.metadata.creation_timestamp or "1970-01-01T00:00:00Z")
    if not found.hopeless and (datetime.now(UTC) - made).total_seconds() < scheduling:
        return None
    return WorkspaceFailed(found.sentence, cause=found.code, evidence=found.evidence, hint=found.hint)


async def _events(cluster: Cluster, namespace: str, workspace: str) -> tuple[Event, ...]:
    found = await _of(cluster, EVENT, Event, namespace)
    prefix = naming.root(workspace)
    return tuple(each for each in found if each.involved_object.name.startswith(prefix))


async def _of(
    cluster: Cluster, kind: Kind, into: type[T], namespace: str, *, fields: str = "", labels: str = ""
) -> tuple[T, ...]:
    """Nothing where we may not look."""
    try:
        found = await objects.find(cluster, kind, into, namespace=namespace, fields=fields, labels=labels)
    except Forbidden:
        return ()
    return tuple(found.items)


async def _node(cluster: Cluster, found: Found) -> tuple[Node, ...]:
    name = found.pod.spec.node_name if found.pod else ""
    if not name:
        return ()
    try:
        node = await objects.get(cluster, NODE, name, Node)
    except (Forbidden, ObjectMissing):
        return ()
    return (node,) if node else ()


async def _with_logs(cluster: Cluster, namespace: str, seen: Seen) -> Seen:
    if seen.pod is None:
        return seen
    pod = seen.pod.metadata.name
    logs = {each: await tail(cluster, namespace, pod, each) for each in failing(seen)}
    return msgspec.structs.replace(seen, logs=logs)
