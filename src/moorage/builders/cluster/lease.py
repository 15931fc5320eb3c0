"""One Lease for each image that is being built: who comes second waits, then finds the image (design 7)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

import msgspec

from moorage import private
from moorage.builders.cluster.settings import OWN_LABELS
from moorage.errors import MoorageError
from moorage.kube import objects
from moorage.kube.client import Cluster
from moorage.kube.errors import ObjectConflict, ObjectExists
from moorage.kube.kinds import LEASE
from moorage.kube.watch import Change, watch

_SECONDS = 15
"""After so long without a sign of its holder, by the clock of who waits, a lease counts as left behind."""
_RENEW = 4.0


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    holder_identity: str | None = None


class _Lease(msgspec.Struct, frozen=True):
    metadata: objects.Metadata = objects.Metadata()
    spec: _Spec = _Spec()


@asynccontextmanager
async def held(
    cluster: Cluster, namespace: str, key: str, say: Callable[[str], None]
) -> AsyncGenerator[bool]:
    """Hold the lease of an image key; True where somebody else held it first: look again what is there.

    Raises what `Cluster.call` raises.
    """
    name = f"moorage-build-{key}"
    waited = False
    while (uid := await _taken(cluster, namespace, name)) is None:
        if not waited:
            say("Another run builds this image already; it is waited for.")
        waited = True
        await _freed(cluster, namespace, name)
    renewing = asyncio.create_task(_renewed(cluster, namespace, name))
    try:
        yield waited
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        with contextlib.suppress(MoorageError):
            await asyncio.shield(objects.delete(cluster, LEASE, name, namespace=namespace, uid=uid))


async def _taken(cluster: Cluster, namespace: str, name: str) -> str | None:
    """The uid of the lease that is ours now; None where another holds it."""
    spec = {"holderIdentity": f"{_machine()}/{os.getpid()}", "leaseDurationSeconds": _SECONDS}
    manifest = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace, "labels": OWN_LABELS},
        "spec": {**spec, "renewTime": _now()},
    }
    try:
        return (await objects.create(cluster, manifest, objects.Head)).metadata.uid
    except ObjectExists:
        return None


async def _freed(cluster: Cluster, namespace: str, name: str) -> None:
    """Wait until the lease is given back; one whose holder gives no sign is removed."""
    async with aclosing(
        watch(cluster, LEASE, _Lease, namespace=namespace, fields=f"metadata.name={name}")
    ) as changes:
        found: Change[_Lease] | None = None
        while True:
            try:
                async with asyncio.timeout(0 if found and _is_left(found.object) else _SECONDS):
                    change = await anext(changes)
            except TimeoutError:
                break
            if isinstance(change, Change):
                if change.deleted:
                    return
                found = change
            elif found is None:
                return
    if found is not None:
        with contextlib.suppress(ObjectConflict):
            await objects.delete(
                cluster, LEASE, name, namespace=namespace, uid=found.uid, version=found.version
            )


def _is_left(lease: _Lease) -> bool:
    """Whether its holder was a process of this machine that is gone: then nobody has to wait."""
    machine, _, process = (lease.spec.holder_identity or "").rpartition("/")
    return machine == _machine() and process.isdecimal() and not private.lives(int(process))


def _machine() -> str:
    """This machine, and which of its numberings of processes ours is (pid_namespaces(7))."""
    space = os.readlink("/proc/self/ns/pid").strip("pid:[]")  # noqa: PTH115 - a text, not a path
    return f"{os.uname().nodename}/{space}"


async def _renewed(cluster: Cluster, namespace: str, name: str) -> None:
    while True:
        await asyncio.sleep(_RENEW)
        with contextlib.suppress(MoorageError):
            await objects.merge(
                cluster, LEASE, name, {"spec": {"renewTime": _now()}}, objects.Head, namespace=namespace
            )


def _now() -> str:
    """MicroTime of the API."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
