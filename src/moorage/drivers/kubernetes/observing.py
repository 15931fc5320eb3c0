"""What exists of one workspace: three looks side by side, then one inside where there is a pod."""

from __future__ import annotations

import asyncio

import msgspec

from ...kube import objects
from ...kube.client import Cluster
from ...kube.kinds import CONFIG_MAP, DEPLOYMENT, POD
from ...spec import journal, names
from ...spec.observation import Container, Journal, Observation
from ...spec.run import read
from . import naming
from .causes.reading import Deployment, Meta, Pod
from .errors import NotRunning
from .inside import KubernetesInside

EACH_START = "pod"
"""In place of a start's time: a pod's container is never started again; its journal is of one start."""


class Root(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Meta = Meta()
    data: dict[str, str] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """What the workspace remembers; what cannot be read of it is nothing."""
        try:
            return msgspec.json.decode((self.data or {}).get("labels.json", "{}"), type=dict[str, str])
        except (msgspec.DecodeError, msgspec.ValidationError):
            return {}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    root: Root | None = None
    deployment: Deployment | None = None
    pods: tuple[Pod, ...] = ()

    @property
    def pod(self) -> Pod | None:
        return current(self.pods)

    @property
    def ready(self) -> bool:
        return self.pod is not None and self.pod.runs(naming.CONTAINER)


async def look(cluster: Cluster, namespace: str, workspace: str) -> Found:
    """The objects that say what state it is in. Raises what `kube` raises."""
    name = naming.root(workspace)
    root, deployment, pods = await asyncio.gather(
        objects.get(cluster, CONFIG_MAP, name, Root, namespace=namespace),
        objects.get(cluster, DEPLOYMENT, name, Deployment, namespace=namespace),
        objects.find(cluster, POD, Pod, namespace=namespace, labels=pods_of(workspace)),
    )
    return Found(root=root, deployment=deployment, pods=tuple(pods.items))


async def observe(
    cluster: Cluster, namespace: str, workspace: str
) -> tuple[Observation, KubernetesInside | None]:
    """All of it as the planner sees it, with the journal of a pod that runs, and the way into that."""
    found = await look(cluster, namespace, workspace)
    if found.root is None or found.root.metadata.deletion_timestamp or found.deployment is None:
        return Observation(template=remembered(found)), None
    if not found.ready or found.pod is None:
        container = resting(found, workspace)
        return _at_rest(found, container), None
    inside = KubernetesInside(cluster, namespace, found.pod.metadata.name)
    try:
        told = await inside.look()
    except NotRunning:  # it has just ended
        ending = msgspec.structs.replace(resting(found, workspace), state="restarting")
        return _at_rest(found, ending), None
    container = msgspec.structs.replace(
        _container(found, workspace),
        id=told.instance,
        state="running",
        started_at=EACH_START,
        user="" if told.user == "0" else told.user,
        working_folder=told.folder,
        environment=told.environment,
    )
    files = {f"{told.instance}/{name}": data for name, data in told.files.items()}
    seen = Observation(
        container=container,
        journal=journal.parse(files, told.instance),
        volume="complete" if told.content else "empty",
        template=remembered(found),
    )
    return seen, inside


def remembered(found: Found) -> str:
    """The label of its template: the root has it, also while the Deployment is made anew."""
    if found.root is None or found.root.metadata.deletion_timestamp:
        return ""
    return found.root.labels.get(names.TEMPLATE, "")


def resting(found: Found, workspace: str) -> Container:
    """A workspace of which no container runs."""
    deployment = found.deployment
    assert deployment is not None
    started = naming.STARTED in (deployment.metadata.annotations or {})
    if deployment.spec.replicas:
        return msgspec.structs.replace(
            _container(found, workspace), state="restarting", started_at=EACH_START if started else ""
        )
    state: Container = _container(found, workspace)
    return msgspec.structs.replace(
        state, state="exited" if started else "created", started_at=EACH_START if started else ""
    )


def pods_of(workspace: str) -> str:
    """The selector of a workspace's pods."""
    return ",".join(f"{name}={value}" for name, value in naming.selector(workspace).items())


def current(pods: tuple[Pod, ...]) -> Pod | None:
    """The pod that is not going; of several the newest."""
    staying = [each for each in pods if not each.metadata.deletion_timestamp]
    alive = [each for each in staying if each.status.phase not in ("Failed", "Succeeded")] or staying
    return max(alive, key=lambda each: each.metadata.creation_timestamp or "", default=None)


def _at_rest(found: Found, container: Container) -> Observation:
    return Observation(
        container=container, journal=Journal(prepared=True), volume="empty", template=remembered(found)
    )


def _container(found: Found, workspace: str) -> Container:
    assert found.root is not None
    assert found.deployment is not None
    labels = found.root.labels
    main = found.pod.container(naming.CONTAINER) if found.pod else None
    running = main.state.running if main and main.state else None
    address = found.pod.status.pod_ip if found.pod else ""
    return Container(
        id=found.deployment.metadata.uid,
        name=naming.root(workspace),
        state="exited",
        image=_image(labels) or (main.image if main else ""),
        image_id=main.image_id if main else "",
        created=(running.started_at if running else found.deployment.metadata.creation_timestamp) or "",
        exit_code=main.terminated.exit_code if main and main.terminated else 0,
        labels=labels,
        addresses=(address,) if address else (),
        furnished=True,
    )


def _image(labels: dict[str, str]) -> str:
    spec = read(labels.get(names.SPEC, ""))
    return spec.image if spec else ""
