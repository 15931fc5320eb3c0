"""Making a workspace's objects: the root first, then all that belongs to it side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from ...engine.errors import NameTaken
from ...errors import MoorageError, RefusedError
from ...kube import objects
from ...kube.client import Cluster
from ...kube.errors import (
    Forbidden,
    NamespaceMissing,
    ObjectConflict,
    ObjectExists,
    ObjectInvalid,
    ObjectMissing,
)
from ...kube.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, NAMESPACE, ROLE_BINDING, SECRET, SERVICE_ACCOUNT
from ...spec import names
from ...spec.run import RunSpec
from . import naming, values
from .causes.admission import explained
from .causes.reading import Deployment
from .deletion import gone
from .draft import Draft
from .errors import WorkspaceFailed, WorkspaceGone
from .known import Known, Plan
from .objects.metadata import UNKNOWN_ROOT
from .objects.secrets import secrets
from .observing import Found, Root
from .options import Options
from .render import rendered
from .values import Json

_TRIES = 10
_PRUNED = (SERVICE_ACCOUNT, ROLE_BINDING)


class _Requests(msgspec.Struct, frozen=True):
    requests: dict[str, str] = {}


class _ClaimSpec(msgspec.Struct, frozen=True):
    resources: _Requests = _Requests()


class _Claim(msgspec.Struct, frozen=True):
    spec: _ClaimSpec = _ClaimSpec()


async def create(
    cluster: Cluster, spec: RunSpec, options: Options, known: Known, say: Callable[[str], None]
) -> Found:
    """All objects, with no pod yet: what was made.

    Done again it changes what is different, so two at once come to the same. The Deployment comes last: where
    it is, nothing is missing that its pod needs. Raises NotPossible before anything is made; NameTaken where
    another `up` has made it meanwhile; WorkspaceFailed for what the cluster's admission refuses.
    """
    wanted = rendered(spec, options, known)
    if wanted[0]["kind"] == "Namespace":
        await _ensure_namespace(cluster, wanted[0], known.namespace)
        wanted = wanted[1:]
    root, new = await _root(cluster, wanted[0], known.namespace)
    *others, deployment = (_owned(each, root) for each in wanted[1:])
    try:
        async with asyncio.TaskGroup() as group:
            for each in others:
                group.create_task(_put(cluster, each, say))
            if not new:
                group.create_task(_prune(cluster, others, spec.workspace, known.namespace))
        made = await _deployment(cluster, deployment)
    except BaseExceptionGroup as several:
        raise _told(several.exceptions[0]) from None
    except RefusedError as error:
        raise _told(error) from None
    return Found(root=msgspec.convert(wanted[0], Root), deployment=made)


async def remember(cluster: Cluster, namespace: str, workspace: str, plan: Plan) -> None:
    """Leave a plan for pods that start with no client present; the one before it is replaced.

    Raises WorkspaceGone.
    """
    root = await objects.get(cluster, CONFIG_MAP, naming.root(workspace), objects.Head, namespace=namespace)
    if root is None:
        raise WorkspaceGone(
            f"There is no workspace {workspace} in the namespace {namespace}.",
            hint="Run `moorage up` to make it.",
        )
    known = Known(namespace=namespace, root=root.metadata.uid, plan=plan)
    (manifest,) = secrets(Draft(workspace, Options(), known))
    await objects.apply(cluster, manifest, objects.Head)


async def _ensure_namespace(cluster: Cluster, manifest: Json, name: str) -> None:
    """There is no harm in not being allowed to look or to create, as long as it is there."""
    try:
        await objects.create(cluster, manifest, objects.Head)
    except ObjectExists:
        return
    except Forbidden as error:
        try:
            await objects.get(cluster, NAMESPACE, name, objects.Head)
        except Forbidden:
            return  # whether it is there shows in a moment
        except NamespaceMissing:
            raise error from None


async def _root(cluster: Cluster, manifest: Json, namespace: str) -> tuple[str, bool]:
    """The uid of the root, and whether it is new. One that is just going is waited for."""
    for _ in range(5):
        try:
            return (await objects.create(cluster, manifest, objects.Head)).metadata.uid, True
        except ObjectExists:
            found = await objects.apply(cluster, manifest, objects.Head)
        if not found.metadata.deletionTimestamp:
            return found.metadata.uid, False
        await gone(cluster, namespace, found.metadata.name)
    raise NamespaceMissing(
        "The workspace is deleted again and again while it is made.",
        hint="End the other command, then try again.",
    )


def _owned(manifest: Json, root: str) -> Json:
    """The manifest with the root's uid, which nobody knew when it was rendered."""
    encoded = msgspec.json.encode(manifest).replace(UNKNOWN_ROOT.encode(), root.encode())
    return msgspec.json.decode(encoded, type=dict[str, object])


async def _put(cluster: Cluster, manifest: Json, say: Callable[[str], None]) -> None:
    match manifest["kind"]:
        case "PersistentVolumeClaim":
            await _claim(cluster, manifest, say)
        case _:
            await objects.apply(cluster, manifest, objects.Head)


async def _deployment(cluster: Cluster, manifest: Json) -> Deployment:
    """One that was stopped becomes what the manifest says and nothing more, as a part that went must go.

    Raises NameTaken for one that runs or has never run: it is another `up`'s.
    """
    for _ in range(_TRIES):
        try:
            return await objects.create(cluster, manifest, Deployment)
        except ObjectExists:
            pass
        path = DEPLOYMENT.path(_part(manifest, "namespace"), _name(manifest))
        try:
            there = msgspec.json.decode(await cluster.call("GET", path), type=Deployment)
            if there.spec.replicas or naming.STARTED not in (there.metadata.annotations or {}):
                raise NameTaken(f"The workspace {_name(manifest)} was made by another command meanwhile.")
            body = msgspec.json.encode(_over(manifest, there))
            put = await cluster.call("PUT", path, {"fieldManager": naming.FIELD_MANAGER}, body=body)
            return msgspec.json.decode(put, type=Deployment)
        except (ObjectMissing, ObjectConflict):
            continue
    raise WorkspaceGone(
        "The workspace's Deployment changes faster than it can be written.",
        hint="End other commands on this workspace, then run this one again.",
    )


def _over(manifest: Json, there: Deployment) -> Json:
    metadata, spec = manifest["metadata"], manifest["spec"]
    assert isinstance(metadata, dict)
    assert isinstance(spec, dict)
    notes = {**(there.metadata.annotations or {}), **metadata.get("annotations", {})}
    return {
        **manifest,
        "metadata": {**metadata, "resourceVersion": there.metadata.resource_version, "annotations": notes},
        "spec": {**spec, "replicas": there.spec.replicas},
    }


async def _claim(cluster: Cluster, manifest: Json, say: Callable[[str], None]) -> None:
    """A claim that is there can only grow, and only where its storage lets it."""
    try:
        await objects.create(cluster, manifest, objects.Head)
        return
    except ObjectExists:
        pass
    name, namespace = _name(manifest), _part(manifest, "namespace")
    found = await objects.get(cluster, CLAIM, name, _Claim, namespace=namespace)
    wanted = msgspec.convert(manifest, _Claim).spec.resources.requests["storage"]
    there = found.spec.resources.requests.get("storage", "0") if found else "0"
    if values.amount(wanted) <= values.amount(there):
        return
    patch = {"spec": {"resources": {"requests": {"storage": wanted}}}}
    try:
        await objects.merge(cluster, CLAIM, name, patch, objects.Head, namespace=namespace)
    except (RefusedError, Forbidden, ObjectInvalid):
        say(f"The claim {name} stays at {there}: its storage does not let it grow to {wanted}.")


async def _prune(cluster: Cluster, wanted: Sequence[Json], workspace: str, namespace: str) -> None:
    """What an earlier configuration had and this one has not: a login, a binding of another role.

    Secrets have fixed names, so that nobody needs a right to list them.
    """
    kept = {(each["kind"], _name(each)) for each in wanted}
    for name in naming.secrets(workspace):
        if (SECRET.name, name) not in kept and name != naming.plan(workspace):
            await objects.delete(cluster, SECRET, name, namespace=namespace)
    for kind in _PRUNED:
        label = f"{names.ID}={workspace}"
        try:
            found = await objects.find(cluster, kind, objects.Head, namespace=namespace, labels=label)
        except Forbidden:
            continue  # then they cannot have been made by this user
        for each in found.items:
            if (kind.name, each.metadata.name) not in kept:
                await objects.delete(cluster, kind, each.metadata.name, namespace=namespace)


def _name(manifest: Json) -> str:
    return _part(manifest, "name")


def _part(manifest: Json, key: str) -> str:
    metadata = manifest["metadata"]
    assert isinstance(metadata, Mapping)
    return str(metadata[key])


def _told(error: BaseException) -> BaseException:
    """Words of admission as a cause, with advice that fits a workspace."""
    if isinstance(error, RefusedError) and isinstance(error, MoorageError):
        found = explained("\n".join(error.evidence))
        return WorkspaceFailed(found.sentence, cause=found.code, evidence=error.evidence, hint=found.hint)
    return error
