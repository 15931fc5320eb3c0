"""What is read of objects to find a cause. Everything may be missing: it is another program's JSON."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Meta(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    resource_version: str = ""
    generation: int = 0


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    reason: str = ""
    message: str = ""


class Running(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    started_at: str | None = None


class Terminated(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    finished_at: str | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str = ""
    state: State | None = None
    last_state: State | None = None
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    container_id: str = msgspec.field(default="", name="containerID")

    @property
    def waiting(self) -> Waiting | None:
        return self.state.waiting if self.state else None

    @property
    def terminated(self) -> Terminated | None:
        """How it ended now, or, while it waits to be started again, how it ended last."""
        now = self.state.terminated if self.state else None
        return now or (self.last_state.terminated if self.last_state else None)

    @property
    def running(self) -> bool:
        return self.state is not None and self.state.running is not None


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class PodStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    start_time: str | None = None
    conditions: tuple[Condition, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None


class PodSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    node_name: str = ""


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    def container(self, name: str) -> ContainerStatus | None:
        """The status of one of its containers; those that run before count too."""
        several = (*(self.status.init_container_statuses or ()), *(self.status.container_statuses or ()))
        return next((each for each in several if each.name == name), None)

    def condition(self, kind: str) -> Condition | None:
        return next((each for each in self.status.conditions or () if each.type == kind), None)

    def runs(self, name: str) -> bool:
        """Whether this container of it runs, and the pod is not going."""
        if self.metadata.deletion_timestamp or self.status.phase != "Running":
            return False
        container = self.container(name)
        return container is not None and container.running


class Involved(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""
    uid: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    metadata: Meta = Meta()
    type: str = ""
    reason: str = ""
    message: str = ""
    involved_object: Involved = Involved()
    last_timestamp: str | None = None
    event_time: str | None = None


class ClaimSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    storage_class_name: str | None = None
    volume_name: str = ""


class ClaimStatus(msgspec.Struct, frozen=True, kw_only=True):
    phase: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Meta = Meta()
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


class NodeInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    architecture: str = ""
    operating_system: str = ""


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    conditions: tuple[Condition, ...] | None = None
    allocatable: dict[str, str] | None = None
    node_info: NodeInfo = NodeInfo()


class Node(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Meta = Meta()
    status: NodeStatus = NodeStatus()


class DeploymentSpec(msgspec.Struct, frozen=True, kw_only=True):
    replicas: int | None = None


class DeploymentStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    observed_generation: int = 0
    replicas: int = 0
    conditions: tuple[Condition, ...] | None = None


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Meta = Meta()
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()

    def condition(self, kind: str) -> Condition | None:
        return next((each for each in self.status.conditions or () if each.type == kind), None)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """All that tells of one workspace at one moment.

    `nodes` may be empty, as few may read them. `logs`: the last lines of containers that ended, by name.
    `source` is what the clone clones, for its sentence.
    """

    deployment: Deployment | None = None
    pod: Pod | None = None
    events: tuple[Event, ...] = ()
    claims: tuple[Claim, ...] = ()
    nodes: tuple[Node, ...] = ()
    logs: Mapping[str, tuple[str, ...]] = {}
    source: str = ""

    def told(self, kind: str, name: str, *reasons: str) -> tuple[Event, ...]:
        """Events of one object, the latest last."""
        found = [
            event
            for event in self.events
            if event.involved_object.kind == kind
            and event.involved_object.name == name
            and (not reasons or event.reason in reasons)
        ]
        return tuple(sorted(found, key=lambda event: event.last_timestamp or event.event_time or ""))

    def of_pod(self, *reasons: str) -> tuple[Event, ...]:
        """Events of this very pod."""
        if self.pod is None:
            return ()
        uid = self.pod.metadata.uid
        found = self.told("Pod", self.pod.metadata.name, *reasons)
        return tuple(event for event in found if event.involved_object.uid in ("", uid))
