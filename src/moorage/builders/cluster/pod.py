"""A builder's pod: found by its name or made, waited for, and made anew where it has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import msgspec

from moorage.builders.cluster import objects as own
from moorage.builders.cluster.errors import BuilderFailed, BuilderForbidden
from moorage.builders.cluster.settings import Settings
from moorage.errors import MoorageError
from moorage.kube import objects
from moorage.kube.client import Cluster
from moorage.kube.errors import Forbidden, ObjectConflict, ObjectExists, PodSecurityForbids
from moorage.kube.kinds import POD
from moorage.kube.watch import Change, Synced, watch

Judge = Callable[[str, str], Awaitable[MoorageError | None]]
"""Why the pod of this namespace and name does not come up, where that is beyond hope."""
_TURNS = 6
_LOOK = 1.5
"""Seconds between looks at why a pod is not up: what its events say changes nothing of the pod."""


class Status(msgspec.Struct, frozen=True):
    """What is read of a pod."""

    phase: str = ""


class Spec(msgspec.Struct, frozen=True, rename="camel"):
    host_users: bool | None = None


class Pod(msgspec.Struct, frozen=True):
    metadata: objects.Metadata = objects.Metadata()
    spec: Spec = Spec()
    status: Status = Status()


async def ready(
    cluster: Cluster, settings: Settings, judge: Judge, say: Callable[[str], None], patience: float = 300.0
) -> str:
    """The name of a builder's pod that runs. `patience` in seconds.

    Raises BuilderForbidden before anything is created, BuilderFailed, and what `judge` finds.
    """
    name = own.name(settings)
    try:
        async with asyncio.timeout(patience):
            for _ in range(_TURNS):
                if await _running(cluster, settings, name, judge, say):
                    return name
    except TimeoutError as error:
        raise _failed(settings, name, f"was not up within {patience:.0f} s") from error
    raise _failed(settings, name, "was ended again and again")


async def _running(
    cluster: Cluster, settings: Settings, name: str, judge: Judge, say: Callable[[str], None]
) -> bool:
    """One turn: False where the pod that is there has ended, and another is to be made."""
    found = await objects.get(cluster, POD, name, Pod, namespace=settings.namespace)
    if found is None:
        found = await _created(cluster, settings, say)
    if found is None or found.metadata.deletionTimestamp or found.status.phase in ("Succeeded", "Failed"):
        await _gone(cluster, settings.namespace, name, found)
        return False
    return found.status.phase == "Running" or await _came_up(cluster, settings.namespace, name, judge)


async def _created(cluster: Cluster, settings: Settings, say: Callable[[str], None]) -> Pod | None:
    """The new pod; None where somebody else was first. Nothing is made where the pod would be refused."""
    manifest, claim = own.pod(settings), own.claim(settings)
    try:
        dry = await objects.create(cluster, manifest, Pod, dry_run=True)
        if settings.mode == "user-namespace" and not settings.address and dry.spec.host_users is not False:
            raise _no_user_namespaces(settings)
        if claim is not None:
            with contextlib.suppress(ObjectExists):
                await objects.create(cluster, claim, objects.Head)
        say(f"A builder is started in the namespace {settings.namespace}.")
        return await objects.create(cluster, manifest, Pod)
    except ObjectExists:
        return None
    except PodSecurityForbids as error:
        raise BuilderForbidden(
            f"The pod security of the namespace {settings.namespace} forbids a pod that builds images.",
            evidence=error.evidence or (error.message,),
            hint="Set the option buildkitNamespace to one that allows it, buildkitAddress to a "
            "BuildKit that is there already, or builder=engine to build on this machine.",
        ) from error
    except Forbidden as error:
        raise BuilderForbidden(
            f"You may not start a builder in the namespace {settings.namespace}.",
            evidence=(error.message, *error.evidence),
            hint="Apply what `moorage kubernetes rbac --builder` prints, or set buildkitNamespace.",
        ) from error


async def _gone(cluster: Cluster, namespace: str, name: str, found: Pod | None) -> None:
    """Wait until that very pod is no more; one that has ended is removed."""
    if found is None:
        return
    uid = found.metadata.uid
    if not found.metadata.deletionTimestamp:
        with contextlib.suppress(ObjectConflict):
            await objects.delete(cluster, POD, name, namespace=namespace, uid=uid, grace=0)
    async with aclosing(_watched(cluster, namespace, name)) as changes:
        there = False
        async for change in changes:
            if isinstance(change, Change):
                there = change.uid == uid and not change.deleted
            if not there:
                return


async def _came_up(cluster: Cluster, namespace: str, name: str, judge: Judge) -> bool:
    """Whether it runs; False when it ended or was removed. Raises what `judge` finds meanwhile."""
    looking = asyncio.create_task(_judged(namespace, name, judge))
    following = asyncio.create_task(_followed(cluster, namespace, name))
    try:
        await asyncio.wait({looking, following}, return_when=asyncio.FIRST_COMPLETED)
        return await (following if following.done() else looking)
    finally:
        looking.cancel()
        following.cancel()
        await asyncio.gather(looking, following, return_exceptions=True)


async def _judged(namespace: str, name: str, judge: Judge) -> bool:
    while True:
        await asyncio.sleep(_LOOK)
        failure = await judge(namespace, name)
        if failure is not None:
            raise failure


async def _followed(cluster: Cluster, namespace: str, name: str) -> bool:
    there = False
    async with aclosing(_watched(cluster, namespace, name)) as changes:
        async for change in changes:
            if isinstance(change, Synced):
                if not there:
                    return False
                continue
            there = not change.deleted
            if not there or change.object.status.phase in ("Succeeded", "Failed"):
                return False
            if change.object.status.phase == "Running":
                return True
    return False


def _watched(cluster: Cluster, namespace: str, name: str) -> AsyncGenerator[Change[Pod] | Synced]:
    return watch(cluster, POD, Pod, namespace=namespace, fields=f"metadata.name={name}")


def _no_user_namespaces(settings: Settings) -> BuilderForbidden:
    return BuilderForbidden(
        "This cluster does not know user namespaces for pods, which come with Kubernetes 1.33.",
        hint="Set buildkitImage to a rootless image such as moby/buildkit:rootless, or buildkitPrivileged.",
    )


def _failed(settings: Settings, name: str, what: str) -> BuilderFailed:
    return BuilderFailed(
        f"The builder's pod {name} {what}.",
        hint=f"See `kubectl --namespace {settings.namespace} describe pod {name}`.",
    )
