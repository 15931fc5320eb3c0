"""A cluster: where it is, what we may do there, and whether it has what workspaces are made of."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from moorage.drivers.kubernetes.causes.reading import Node
from moorage.drivers.kubernetes.opening import opened
from moorage.drivers.kubernetes.options import Options
from moorage.drivers.kubernetes.rbac import roles
from moorage.drivers.kubernetes.reading import version
from moorage.errors import MoorageError
from moorage.kube import objects
from moorage.kube.access import Access
from moorage.kube.client import Cluster
from moorage.kube.errors import Forbidden
from moorage.kube.kinds import KINDS, NAMESPACE, NODE, STORAGE_CLASS
from moorage.workspace.doctor.check import PATIENCE, Check, failed, numbers

T = TypeVar("T")

_OLDEST = (1, 25)
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_LEVEL = "pod-security.kubernetes.io/enforce"
_READY = "Ready"
_SHOWN = 6


class Right(msgspec.Struct, frozen=True):
    """One thing to be allowed, as the API asks for it; `resource` may have a part behind `/`."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        where = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {where}" + (f" {self.name}" if self.name else "")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster answers. None: we may not see that."""

    access: Access
    namespace: str
    version: str
    labels: Mapping[str, str] | None
    """Of the namespace; empty of one that is not there."""
    is_there: bool | None
    missing: tuple[Right, ...]
    cannot_build: tuple[Right, ...]
    classes: tuple[objects.Head, ...] | None
    nodes: tuple[Node, ...] | None


async def examine(options: Options, environment: Mapping[str, str]) -> tuple[Check, ...]:
    """All that it tells; one failed check where it tells nothing."""
    where = "The cluster"
    try:
        async with asyncio.timeout(PATIENCE):
            async with opened(options, environment, environment.get("HOME", "/")) as driver:
                where = f"{driver.cluster.access.server} ({driver.cluster.access.origin})"
                return judged(await look(driver.cluster, driver.namespace, options), options)
    except MoorageError as error:
        return (failed("cluster", error),)
    except TimeoutError:
        text = f"{where} does not answer within {PATIENCE:.0f} s."
        hint = "See whether the API server is reached from here: `kubectl get --raw /version`."
        return (Check(name="cluster", level="fail", text=text, hint=hint),)


async def look(cluster: Cluster, namespace: str, options: Options) -> Seen:
    """What is there, all of it only read. Raises what `Cluster.call` raises."""
    served = await version(cluster)  # alone first: an error is told once
    building = options.buildkit_namespace or namespace
    own = rights(roles("moorage", namespace, cluster_role=options.cluster_role))
    built = rights(roles("moorage", namespace, builder=building)[1:])
    (is_there, labels), missing, cannot_build, classes, nodes = await asyncio.gather(
        _namespace(cluster, namespace),
        _missing(cluster, own, namespace),
        _missing(cluster, built, building),
        _seen(objects.find(cluster, STORAGE_CLASS, objects.Head)),
        _seen(objects.find(cluster, NODE, Node)),
    )
    return Seen(
        access=cluster.access,
        namespace=namespace,
        version=served,
        labels=labels,
        is_there=is_there,
        missing=missing,
        cannot_build=cannot_build,
        classes=classes,
        nodes=nodes,
    )


def judged(seen: Seen, options: Options) -> tuple[Check, ...]:
    """What a cluster's answers say of it. Pure."""
    access = seen.access
    return (
        Check(name="cluster", level="ok", text=f"{access.server} ({access.origin})"),
        _version(seen.version),
        _place(seen, options),
        _rights(seen),
        _storage(seen, options),
        _nodes(seen),
        _builds(seen, options),
    )


def rights(manifests: Iterable[Mapping[str, object]]) -> tuple[Right, ...]:
    """What the rules of these roles allow, each thing once."""
    found = [
        Right(verb, group, resource, name)
        for rule in _rules(manifests)
        for group in rule.apiGroups
        for resource in rule.resources
        for verb in rule.verbs
        for name in rule.resourceNames or [""]
    ]
    return tuple(dict.fromkeys(found))


class _Rule(msgspec.Struct):
    apiGroups: list[str]
    resources: list[str]
    verbs: list[str]
    resourceNames: list[str] | None = None


def _rules(manifests: Iterable[Mapping[str, object]]) -> list[_Rule]:
    return [rule for each in manifests for rule in msgspec.convert(each["rules"], list[_Rule])]


async def _namespace(cluster: Cluster, name: str) -> tuple[bool | None, Mapping[str, str] | None]:
    try:
        found = await objects.get(cluster, NAMESPACE, name, objects.Head)
    except Forbidden:
        return None, None
    return found is not None, found.metadata.labels if found else {}


async def _seen(asked: Awaitable[objects.Listing[T]]) -> tuple[T, ...] | None:
    try:
        return tuple((await asked).items)
    except Forbidden:
        return None


async def _missing(cluster: Cluster, wanted: Sequence[Right], namespace: str) -> tuple[Right, ...]:
    answers = await asyncio.gather(*(_allowed(cluster, each, namespace) for each in wanted))
    return tuple(each for each, yes in zip(wanted, answers, strict=True) if not yes)


async def _allowed(cluster: Cluster, right: Right, namespace: str) -> bool:
    plural, _, sub = right.resource.partition("/")
    kind = next(each for each in KINDS if (each.group, each.plural) == (right.group, plural))
    return await objects.allowed(cluster, right.verb, kind, sub=sub, name=right.name, namespace=namespace)


def _version(served: str) -> Check:
    text = f"Kubernetes {served}"
    if numbers(served.removeprefix("v")) < _OLDEST:
        hint = "moorage is tried on newer ones only: see docs/limits.md."
        return Check(name="cluster version", level="warn", text=text, hint=hint)
    return Check(name="cluster version", level="ok", text=text)


def _place(seen: Seen, options: Options) -> Check:
    if seen.is_there is None:
        return Check(name="namespace", level="ok", text=f"{seen.namespace} (we may not look at it)")
    if seen.is_there:
        level = (seen.labels or {}).get(_LEVEL)
        said = f"{seen.namespace}, pod security {level}" if level else seen.namespace
        return Check(name="namespace", level="ok", text=said)
    if options.create_namespace:
        return Check(name="namespace", level="ok", text=f"{seen.namespace}, which the first `up` will make")
    hint = "Set the option namespace, or createNamespace=true."
    return Check(name="namespace", level="fail", text=f"There is no namespace {seen.namespace}.", hint=hint)


def _rights(seen: Seen) -> Check:
    if not seen.missing:
        return Check(name="rights", level="ok", text="all that workspaces need")
    hint = f"Let who runs the cluster apply `moorage kubernetes rbac --namespace {seen.namespace}`."
    return Check(name="rights", level="fail", text=f"You may not {_listed(seen.missing)}.", hint=hint)


def _storage(seen: Seen, options: Options) -> Check:
    name, hint = "storage", "Set the option storageClass to one of `kubectl get storageclass`."
    if seen.classes is None:
        return Check(name=name, level="ok", text="we may not look at storage classes")
    there = [each.metadata.name for each in seen.classes]
    if options.storage_class:
        if options.storage_class in there:
            return Check(name=name, level="ok", text=options.storage_class)
        text = f"There is no storage class {options.storage_class}."
        return Check(name=name, level="fail", text=text, hint=hint)
    usual = [each.metadata.name for each in seen.classes if each.metadata.annotations.get(_DEFAULT) == "true"]
    if usual:
        return Check(name=name, level="ok", text=f"{usual[0]}, the default of {len(there)}")
    return Check(name=name, level="fail", text="The cluster has no default storage class.", hint=hint)


def _nodes(seen: Seen) -> Check:
    if seen.nodes is None:
        text = "we may not look at nodes; a short pod of helperImage finds out what they are"
        return Check(name="nodes", level="ok", text=text)
    up = [each for each in seen.nodes if _is_ready(each)]
    kinds = Counter(each.status.node_info.architecture or "unknown" for each in up)
    if not up:
        hint = "An autoscaler may bring one; else see `kubectl get nodes`."
        return Check(name="nodes", level="warn", text=f"None of {len(seen.nodes)} is ready.", hint=hint)
    said = ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items()))
    return Check(name="nodes", level="ok", text=f"{said}, ready")


def _is_ready(node: Node) -> bool:
    return any(each.type == _READY and each.status == "True" for each in node.status.conditions or ())


def _builds(seen: Seen, options: Options) -> Check:
    if not options.build_repository:
        hint = "Set the option buildRepository to build Dockerfiles and Features."
        return Check(name="images", level="ok", text="only such as need no build", hint=hint)
    if seen.cannot_build and options.builder in ("auto", "cluster"):
        hint = "Let who runs the cluster apply what `moorage kubernetes rbac --builder` prints."
        text = f"You may not {_listed(seen.cannot_build)}, so only what was built before is used."
        return Check(name="images", level="warn", text=text, hint=hint)
    return Check(name="images", level="ok", text=f"built into {options.build_repository}")


def _listed(rights: Sequence[Right]) -> str:
    shown = ", ".join(map(str, rights[:_SHOWN]))
    return f"{shown} and {len(rights) - _SHOWN} more" if len(rights) > _SHOWN else shown
