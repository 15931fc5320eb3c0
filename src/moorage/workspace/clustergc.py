"""Removes what building left in a cluster: ended pods, leases of who died, and caches if asked.

What belongs to a workspace goes with its root; what a builder made belongs to nobody, as many share it.
"""

from __future__ import annotations

import asyncio

import msgspec

from moorage.builders.cluster.pod import Pod
from moorage.builders.cluster.settings import OWN_LABELS
from moorage.errors import MoorageError
from moorage.kube import objects
from moorage.kube.client import Cluster
from moorage.kube.kinds import CLAIM, LEASE, POD, Kind
from moorage.spec import names
from moorage.workspace.gc import Collected, Garbage, seconds
from moorage.workspace.gc import Kind as Word

_SILENT = 3600.0
"""Seconds without a sign of a lease's holder; clocks of two machines may differ by less."""
_RESTS = 3600.0
"""Seconds in which a cache may be without a pod: somebody is starting one."""
_ENDED = ("Succeeded", "Failed")
_MANAGED = f"app.kubernetes.io/managed-by={OWN_LABELS['app.kubernetes.io/managed-by']}"
_BUILDER = f"{_MANAGED},{names.ROLE}={OWN_LABELS[names.ROLE]}"
_PODS = f"{_MANAGED},{names.ROLE} in (builder,helper)"


class LeaseSpec(msgspec.Struct, frozen=True, rename="camel"):
    renew_time: str | None = None


class LeaseSeen(msgspec.Struct, frozen=True):
    """The right to build one image, with the last sign of who holds it."""

    metadata: objects.Metadata = objects.Metadata()
    spec: LeaseSpec = LeaseSpec()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of building at one moment; `now` in seconds since 1970."""

    pods: tuple[Pod, ...] = ()
    leases: tuple[LeaseSeen, ...] = ()
    claims: tuple[objects.Head, ...] = ()
    now: float


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """One object that nobody uses, as it is removed and as it is told."""

    kind: Kind
    metadata: objects.Metadata
    told: Garbage


async def look(cluster: Cluster, namespaces: tuple[str, ...], now: float) -> Seen:
    """What there is in these. Raises what `Cluster.call` raises."""
    seen = await asyncio.gather(*(_look(cluster, each, now) for each in dict.fromkeys(namespaces)))
    return Seen(
        pods=tuple(pod for each in seen for pod in each.pods),
        leases=tuple(lease for each in seen for lease in each.leases),
        claims=tuple(claim for each in seen for claim in each.claims),
        now=now,
    )


def decide(seen: Seen, *, caches: bool) -> tuple[Leftover, ...]:
    """What nobody uses; what builders keep for the next build only where `caches` are asked for. Pure."""
    ended = [
        _leftover(POD, pod.metadata, _word(pod.metadata), f"it has ended ({pod.status.phase})")
        for pod in seen.pods
        if pod.status.phase in _ENDED
    ]
    silent = [
        _leftover(LEASE, lease.metadata, "lease", "nobody builds this image any more")
        for lease in seen.leases
        if seen.now - seconds(lease.spec.renew_time or "") > _SILENT
    ]
    at_work = {_place(pod.metadata) for pod in seen.pods if pod.status.phase not in _ENDED}
    idle = [
        _leftover(CLAIM, claim.metadata, "build-cache", "no builder uses it; it can be made again")
        for claim in seen.claims
        if _place(claim.metadata) not in at_work
        and seen.now - seconds(claim.metadata.creationTimestamp or "") > _RESTS
    ]
    return (*ended, *silent, *(idle if caches else ()))


async def remove(cluster: Cluster, found: tuple[Leftover, ...]) -> Collected:
    """Remove these very objects; what cannot be is kept and told."""
    told = await asyncio.gather(*(_removed(cluster, each) for each in found))
    return Collected(
        removed=tuple(each.told for each, why in zip(found, told, strict=True) if not why),
        kept=tuple(
            msgspec.structs.replace(each.told, why=why) for each, why in zip(found, told, strict=True) if why
        ),
    )


async def _look(cluster: Cluster, namespace: str, now: float) -> Seen:
    pods, leases, claims = await asyncio.gather(
        objects.find(cluster, POD, Pod, namespace=namespace, labels=_PODS),
        objects.find(cluster, LEASE, LeaseSeen, namespace=namespace, labels=_BUILDER),
        objects.find(cluster, CLAIM, objects.Head, namespace=namespace, labels=_BUILDER),
    )
    return Seen(pods=tuple(pods.items), leases=tuple(leases.items), claims=tuple(claims.items), now=now)


async def _removed(cluster: Cluster, leftover: Leftover) -> str:
    """Why it stays; "" where it is gone."""
    metadata = leftover.metadata
    try:
        await objects.delete(
            cluster, leftover.kind, metadata.name, namespace=metadata.namespace, uid=metadata.uid
        )
    except MoorageError as error:
        return f"cannot be removed: {error.message}"
    return ""


def _leftover(kind: Kind, metadata: objects.Metadata, word: Word, why: str) -> Leftover:
    name = f"{metadata.namespace}/{metadata.name}"
    return Leftover(kind=kind, metadata=metadata, told=Garbage(kind=word, name=name, why=why))


def _word(metadata: objects.Metadata) -> Word:
    return "helper" if metadata.labels.get(names.ROLE) == "helper" else "builder"


def _place(metadata: objects.Metadata) -> tuple[str, str]:
    return metadata.namespace, metadata.name
