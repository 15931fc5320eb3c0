"""Objects of the cluster: get, list, create, server-side apply, scale, delete, and what one may do.

Answers are decoded into the Struct that the caller reads: fields that nobody reads are not even built.
Where no namespace is given, it is that of the access.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Literal, TypeVar

import msgspec

from .client import CHANGE, Cluster, Query
from .errors import ClusterRefused, ObjectMissing
from .kinds import DEPLOYMENT, NAMESPACE, Kind, kind_of

MANAGER = "moorage"
"""Our name as owner of fields."""
_PAGE = 500
Propagation = Literal["Background", "Foreground", "Orphan"]
Manifest = Mapping[str, object]
T = TypeVar("T")


class Owner(msgspec.Struct, frozen=True):
    """An owner reference: with the last owner the object goes, too."""

    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class Metadata(msgspec.Struct, frozen=True):
    """ObjectMeta, as far as it is read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    generation: int = 0
    creationTimestamp: str | None = None
    deletionTimestamp: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    ownerReferences: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()


class Head(msgspec.Struct, frozen=True):
    """An object of whatever kind: who and whose it is."""

    apiVersion: str = ""
    kind: str = ""
    metadata: Metadata = Metadata()


class Listing(msgspec.Struct, Generic[T]):
    """All that was there at one moment, `version`, at which a watch can begin."""

    items: list[T]
    version: str


async def get(cluster: Cluster, kind: Kind, name: str, into: type[T], *, namespace: str = "") -> T | None:
    """None when it is not there. Raises as `Cluster.call`, NamespaceMissing aside."""
    path = kind.path(namespace or cluster.access.namespace, name)
    try:
        return decoded(await cluster.call("GET", path), into, f"GET {path}")
    except ObjectMissing:
        return None


async def find(
    cluster: Cluster,
    kind: Kind,
    into: type[T],
    *,
    namespace: str = "",
    everywhere: bool = False,
    labels: str = "",
    fields: str = "",
) -> Listing[T]:
    """All with these labels and fields (selectors as kubectl's -l and --field-selector). Raises as `call`."""
    path = kind.path("" if everywhere else namespace or cluster.access.namespace)
    items: list[T] = []
    query: dict[str, str | int | bool | None] = {
        "labelSelector": labels or None,
        "fieldSelector": fields or None,
        "limit": _PAGE,
    }
    while True:
        page = decoded(await cluster.call("GET", path, query), _Page, f"GET {path}")
        items += [decoded(item, into, f"GET {path}") for item in page.items or ()]
        if not page.metadata.continue_:
            return Listing(items, page.metadata.resourceVersion)
        query["continue"] = page.metadata.continue_


async def create(
    cluster: Cluster, manifest: Manifest, into: type[T], *, namespace: str = "", dry_run: bool = False
) -> T:
    """A new object. Raises ObjectExists, QuotaExceeded, PodSecurityForbids … and what `Cluster.call` raises.

    `dry_run`: all is checked and nothing created.
    """
    path = kind_of(manifest).path(_namespace(cluster, manifest, namespace))
    query: Query = {"fieldManager": MANAGER, "dryRun": "All" if dry_run else None}
    answer = await cluster.call("POST", path, query, body=msgspec.json.encode(manifest), timeout=CHANGE)
    return decoded(answer, into, f"POST {path}")


async def apply(
    cluster: Cluster,
    manifest: Manifest,
    into: type[T],
    *,
    namespace: str = "",
    force: bool = True,
    dry_run: bool = False,
) -> T:
    """Make it be as the manifest says, server-side: created where it is not there, other owners' fields kept.

    `force`: fields that another program has set become ours, otherwise ObjectConflict. A manifest with a
    uid in its metadata is only applied to that very object (ObjectConflict). Raises as `create`.
    """
    name = _metadata(manifest).get("name")
    path = kind_of(manifest).path(_namespace(cluster, manifest, namespace), str(name))
    query: Query = {"fieldManager": MANAGER, "force": force, "dryRun": "All" if dry_run else None}
    answer = await cluster.call(
        "PATCH",
        path,
        query,
        body=msgspec.json.encode(manifest),
        content="application/apply-patch+yaml",  # JSON is YAML
        timeout=CHANGE,
    )
    return decoded(answer, into, f"PATCH {path}")


async def merge(
    cluster: Cluster,
    kind: Kind,
    name: str,
    patch: Manifest,
    into: type[T],
    *,
    namespace: str = "",
    sub: str = "",
) -> T:
    """A JSON merge patch (RFC 7386): null removes. With resourceVersion in its metadata, only that state.

    Raises ObjectMissing, ObjectConflict, and more as `create`.
    """
    path = kind.path(namespace or cluster.access.namespace, name, sub)
    answer = await cluster.call(
        "PATCH",
        path,
        {"fieldManager": MANAGER},
        body=msgspec.json.encode(patch),
        content="application/merge-patch+json",
        timeout=CHANGE,
    )
    return decoded(answer, into, f"PATCH {path}")


async def scale(
    cluster: Cluster, name: str, replicas: int, *, kind: Kind = DEPLOYMENT, namespace: str = ""
) -> None:
    """Through the scale subresource, for which a role of its own is enough. Raises ObjectMissing and more."""
    patch = {"spec": {"replicas": replicas}}
    await merge(cluster, kind, name, patch, Head, namespace=namespace, sub="scale")


async def delete(
    cluster: Cluster,
    kind: Kind,
    name: str,
    *,
    namespace: str = "",
    propagation: Propagation = "Background",
    uid: str = "",
    version: str = "",
    grace: int | None = None,
) -> bool:
    """Ask for its end, at most this very object (`uid`) or state (`version`): False when it was gone before.

    `Foreground` keeps the object until what it owns is gone. Raises ObjectConflict where `uid` or `version`
    is another one, and what `Cluster.call` raises.
    """
    conditions = {"uid": uid, "resourceVersion": version}
    options = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
        "preconditions": {key: value for key, value in conditions.items() if value} or None,
        "gracePeriodSeconds": grace,
    }
    body = msgspec.json.encode({key: value for key, value in options.items() if value is not None})
    try:
        path = kind.path(namespace or cluster.access.namespace, name)
        await cluster.call("DELETE", path, body=body, timeout=CHANGE)
    except ObjectMissing:
        return False
    return True


async def allowed(
    cluster: Cluster, verb: str, kind: Kind, *, sub: str = "", name: str = "", namespace: str | None = None
) -> bool:
    """Whether we may do that (SelfSubjectAccessReview). `namespace` "": in all of them.

    A namespace itself counts as in it, so that a Role in it is enough (as the API server sees requests).
    """
    place = cluster.access.namespace if namespace is None else namespace
    attributes = {
        "verb": verb,
        "group": kind.group,
        "resource": kind.plural,
        "subresource": sub,
        "name": name,
        "namespace": place if kind.namespaced or kind is NAMESPACE else "",
    }
    version = "authorization.k8s.io/v1"
    review = {
        "apiVersion": version,
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = f"/apis/{version}/selfsubjectaccessreviews"
    answer = await cluster.call("POST", path, body=msgspec.json.encode(review))
    return decoded(answer, _Review, f"POST {path}").status.allowed


def decoded(body: bytes | msgspec.Raw, into: type[T], request: str) -> T:
    """Null says nothing, as in Go. Raises ClusterRefused for what is something else."""
    try:
        return msgspec.json.decode(body, type=into)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ClusterRefused(
            "The API server answered with something that moorage does not understand.",
            evidence=(request, str(error)),
            hint="Check that Kubernetes 1.29 or later is at the address.",
        ) from error


class _ListMeta(msgspec.Struct):
    resourceVersion: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


class _Allowed(msgspec.Struct):
    allowed: bool = False


class _Review(msgspec.Struct):
    status: _Allowed = msgspec.field(default_factory=_Allowed)


def _metadata(manifest: Manifest) -> Manifest:
    metadata = manifest.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _namespace(cluster: Cluster, manifest: Manifest, namespace: str) -> str:
    return namespace or str(_metadata(manifest).get("namespace") or cluster.access.namespace)
