"""The end of pods and of whole workspaces, waited for by one watch each."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing

from ...kube import objects
from ...kube.client import Cluster
from ...kube.errors import Forbidden
from ...kube.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, POD, ROLE_BINDING, SECRET, SERVICE_ACCOUNT, Kind
from ...kube.watch import Change, watch
from ...spec import names
from . import naming
from .detecting import tidy
from .errors import WorkspaceLate
from .observing import pods_of

_ENDS = 60.0
"""Seconds in which a workspace goes; a pod whose node does not answer takes longer, and is given up."""
_KINDS = (DEPLOYMENT, POD, CLAIM, ROLE_BINDING, SERVICE_ACCOUNT, CONFIG_MAP)


async def delete(cluster: Cluster, namespace: str, workspace: str) -> tuple[str, ...]:
    """What was removed, once all of it is gone: all belongs to the root, and what comes later goes as well.

    Raises WorkspaceLate with what is left.
    """
    found = await _all(cluster, namespace, workspace)
    name = naming.root(workspace)
    if await objects.delete(cluster, CONFIG_MAP, name, namespace=namespace, propagation="Foreground"):
        await _ended(cluster, namespace, workspace)
    left = await _all(cluster, namespace, workspace)
    for kind, each in left:  # without a root there is nobody else to do it
        await objects.delete(cluster, kind, each, namespace=namespace)
    if left or not found:
        await asyncio.gather(*(forget(cluster, namespace, each) for each in naming.secrets(workspace)))
    await tidy(cluster, namespace)
    return tuple(f"{kind.name} {each}" for kind, each in found)


async def stopped(cluster: Cluster, namespace: str, workspace: str, seconds: float) -> bool:
    """Wait until the workspace has no pod; False when one is still there after so long."""
    try:
        async with asyncio.timeout(seconds):
            await _without(cluster, POD, namespace, labels=pods_of(workspace))
    except TimeoutError:
        return False
    return True


async def gone(cluster: Cluster, namespace: str, name: str) -> None:
    """Wait until this ConfigMap is not there any more. Raises WorkspaceLate."""
    try:
        async with asyncio.timeout(_ENDS):
            await _without(cluster, CONFIG_MAP, namespace, fields=f"metadata.name={name}")
    except TimeoutError as error:
        raise WorkspaceLate(
            f"The workspace did not go within {_ENDS:.0f} s.",
            evidence=(f"ConfigMap {name} is still there",),
            hint="See what holds it with `kubectl describe`, then run the command again.",
        ) from error


async def _ended(cluster: Cluster, namespace: str, workspace: str) -> None:
    """A pod whose node does not answer holds up all: it is taken off the books, as the user wants it gone."""
    name = naming.root(workspace)
    with contextlib.suppress(WorkspaceLate):
        return await gone(cluster, namespace, name)
    pods = await objects.find(cluster, POD, objects.Head, namespace=namespace, labels=pods_of(workspace))
    for each in pods.items:
        await objects.delete(cluster, POD, each.metadata.name, namespace=namespace, grace=0)
    return await gone(cluster, namespace, name)


async def forget(cluster: Cluster, namespace: str, secret: str) -> None:
    """It need not be there."""
    await objects.delete(cluster, SECRET, secret, namespace=namespace)


async def _all(cluster: Cluster, namespace: str, workspace: str) -> list[tuple[Kind, str]]:
    label = f"{names.ID}={workspace}"

    async def of(kind: Kind) -> list[tuple[Kind, str]]:
        try:
            found = await objects.find(cluster, kind, objects.Head, namespace=namespace, labels=label)
        except Forbidden:
            if kind in (ROLE_BINDING, SERVICE_ACCOUNT):
                return []  # a user without that right has none
            raise
        return [(kind, each.metadata.name) for each in found.items]

    return [each for several in await asyncio.gather(*map(of, _KINDS)) for each in several]


async def _without(
    cluster: Cluster, kind: Kind, namespace: str, *, labels: str = "", fields: str = ""
) -> None:
    """Return once nothing is there."""
    there: set[str] = set()
    synced = False
    changes = watch(cluster, kind, objects.Head, namespace=namespace, labels=labels, fields=fields)
    async with aclosing(changes):
        async for change in changes:
            if not isinstance(change, Change):
                synced = True
            elif change.deleted:
                there.discard(change.uid)
            else:
                there.add(change.uid)
            if synced and not there:
                return
