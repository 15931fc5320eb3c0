"""The Kubernetes driver: workspaces as Deployments, found by their names and labels alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from ...kube import objects
from ...kube.client import Cluster
from ...kube.errors import Forbidden, NamespaceMissing, ObjectMissing
from ...kube.kinds import DEPLOYMENT, NAMESPACE, NODE
from ...spec import names
from ...spec.observation import Container, EngineFacts, Observation
from ...spec.run import RunSpec
from . import naming, observing
from .errors import NotPossible, NotRunning, WorkspaceFailed, WorkspaceGone
from .options import Level, Options

if TYPE_CHECKING:
    from pathlib import Path

    from ...kube.feed import Feed
    from ..base import Helper, Listed, Process, Stacks, Verdict
    from .causes.cause import Cause
    from .causes.reading import Event, Node
    from .inside import KubernetesInside
    from .known import Known, Plan

_LEVEL = "pod-security.kubernetes.io/enforce"


class _Place(msgspec.Struct):
    """What drivers on the same namespace share: its events, and its pod security once it was read."""

    news: Feed[Event] | None = None
    level: Level = ""


class KubernetesDriver:
    """The contract's `Driver` on one namespace of one cluster; `say` gets what is waited for, for people.

    What only the registry and the source tell of a workspace comes as `known` beside its spec; namespace and
    pod security are filled in here.
    """

    def __init__(
        self, cluster: Cluster, options: Options | None = None, say: Callable[[str], None] | None = None
    ) -> None:
        self.cluster = cluster
        self.options = options or Options()
        self.namespace = self.options.namespace or cluster.access.namespace
        self._say = say or (lambda _: None)
        self._place = _Place()
        self._seen: dict[str, KubernetesInside] = {}
        """What ran when it was last looked at, by workspace: whoever goes inside next need not look again."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()
        await self.cluster.close()

    async def leave(self) -> None:
        """Nobody goes inside of anything any more."""
        for workspace in list(self._seen):
            await self._forget(workspace)

    def beside(self) -> KubernetesDriver:
        """Another one on the same connection, with options of its own; whoever opened this one closes it."""
        other = KubernetesDriver(self.cluster, self.options, self._say)
        other._place = self._place
        return other

    def take(self, options: Options) -> None:
        """Other options from here on; which cluster and namespace it is stays as it was opened."""
        self.options = options

    async def facts(self) -> EngineFacts:
        """What the nodes are and offer, where we may see them, and what the namespace's pod security is.

        Where nobody says what architecture they have, a pod of `helperImage` does.
        """
        import asyncio

        from .reading import as_facts, version

        nodes, served, _ = await asyncio.gather(self._nodes(), version(self.cluster), self._read_level())
        return as_facts(
            nodes, served, self.options.architecture or await self._architecture(nodes), self.options
        )

    def check(self, spec: RunSpec, facts: EngineFacts, known: Known | None = None) -> Verdict:
        from .check import verdict  # a warm workspace is not checked again

        return verdict(spec, self.options, self._filled(known))

    def render(self, spec: RunSpec, facts: EngineFacts, known: Known | None = None) -> dict[str, object]:
        """All objects as one List, without values of Secrets. Raises NotPossible."""
        from .objects.secrets import hidden  # as above
        from .render import rendered

        found = rendered(spec, self.options, self._filled(known))
        safe = [hidden(each) if each["kind"] == "Secret" else each for each in found]
        return {"apiVersion": "v1", "kind": "List", "items": safe}

    async def observe(
        self, container: str, *, volume: str = "", helper: str = "", workspace: str = ""
    ) -> Observation:
        """Three requests side by side, and for a running pod one look inside."""
        meant = workspace or await self._meant(container)
        await self._forget(meant)
        seen, inside = await observing.observe(self.cluster, self.namespace, meant)
        if inside is not None:
            self._seen[meant] = inside
        return seen

    async def create(self, spec: RunSpec, facts: EngineFacts, known: Known | None = None) -> Container:
        """All objects, with no pod yet. Raises as `creation.create`."""
        from .creation import create  # as above

        made = await create(self.cluster, spec, self.options, self._filled(known), self._say)
        return observing.resting(made, spec.workspace)

    async def remember(self, container: str, plan: Plan) -> None:
        """What the runner does in pods that come with no client present. Raises WorkspaceGone."""
        from .creation import remember  # as above

        await remember(self.cluster, self.namespace, await self._meant(container), plan)

    async def start(self, container: str) -> None:
        """One pod, waited for until its container runs. Raises as `Wait.ready`."""
        from .waiting import Wait, news  # a warm workspace is not waited for

        workspace = await self._meant(container)
        await self._forget(workspace)
        patch = {"metadata": {"annotations": {naming.STARTED: "yes"}}, "spec": {"replicas": 1}}
        await self._changed(workspace, patch)
        place = self._place
        place.news = place.news or news(self.cluster, self.namespace)
        await Wait(self.cluster, self.namespace, workspace, self.options, self._say, place.news).ready()

    async def stop(self, container: str, *, seconds: int = 10) -> None:
        """No pod; claims stay. A pod whose node does not answer is not waited for for ever."""
        from .deletion import stopped  # as above

        workspace = await self._meant(container)
        await self._forget(workspace)
        await self._changed(workspace, {"spec": {"replicas": 0}})
        if not await stopped(self.cluster, self.namespace, workspace, seconds + 30.0):
            self._say("The pod is still there: its node may not answer. It goes when the node is back.")

    async def remove(self, container: str) -> None:
        """The Deployment, its pod and its hooks; claims and all else stay for the next one."""
        from .deletion import forget, stopped  # as above

        workspace = await self._meant(container)
        await self._forget(workspace)
        name = naming.root(workspace)
        await objects.delete(
            self.cluster, DEPLOYMENT, name, namespace=self.namespace, propagation="Background"
        )
        await forget(self.cluster, self.namespace, naming.plan(workspace))
        await stopped(self.cluster, self.namespace, workspace, 60.0)

    async def delete(self, workspace: str) -> tuple[str, ...]:
        from .deletion import delete  # no other command deletes

        await self._forget(workspace)
        return await delete(self.cluster, self.namespace, workspace)

    async def list(self) -> tuple[Listed, ...]:
        from .listing import listed  # as above

        return await listed(self.cluster, self.namespace)

    async def run_helper(self, helper: Helper, log: Callable[[str], None]) -> int:
        """Not needed here: a clone is part of the pod. Raises NotPossible."""
        raise NotPossible(
            "Helper containers are not run in a cluster: a clone is a part of the workspace's pod.",
            hint="This is a defect of moorage: report it.",
        )

    def inside(self, container: str) -> Way:
        return Way(self, container)

    def stacks(self, cache: Path) -> Stacks:
        raise NotPossible(
            "Compose projects cannot run in a cluster: a workspace there is one container so far.",
            hint="Use the docker driver, or an image or Dockerfile in devcontainer.json.",
        )

    async def explain(self, container: str) -> Cause | None:
        """Why the workspace does not run, or how it ended before; None where nothing is wrong."""
        from .explaining import explain  # as above

        return await explain(self.cluster, self.namespace, await self._meant(container))

    async def judge(self, namespace: str, pod: str) -> WorkspaceFailed | None:
        """Why a pod that is no workspace's does not come up, where waiting longer would not help."""
        from .explaining import verdict_on  # only where an image is built

        return await verdict_on(self.cluster, namespace, pod, self.options.scheduling_timeout)

    async def pull_logins(self) -> tuple[bytes, ...]:
        """Docker configurations in the Secrets that `imagePullSecrets` names, where we may read them."""
        from .pulling import logins  # only where a registry is asked

        return await logins(self.cluster, self.namespace, self.options.image_pull_secrets, self._say)

    async def entered(self, container: str, *, anew: bool = False) -> KubernetesInside:
        """The way into the pod that runs now; `anew`: whatever was seen before. Raises NotRunning."""
        from .inside import KubernetesInside

        workspace = "" if naming.instance_pod(container) else await self._meant(container)
        if anew:
            await self._forget(workspace)
        pod = naming.instance_pod(container)
        seen = next((each for each in self._seen.values() if each.pod == pod), self._seen.get(workspace))
        if seen is not None:
            return seen
        if pod:
            return KubernetesInside(self.cluster, self.namespace, pod)
        found = await observing.look(self.cluster, self.namespace, workspace)
        if found.pod is None or not found.ready:
            raise NotRunning(
                "The workspace has no running pod.", hint="Start it with `moorage up` or `moorage start`."
            )
        return KubernetesInside(self.cluster, self.namespace, found.pod.metadata.name)

    async def _forget(self, workspace: str) -> None:
        inside = self._seen.pop(workspace, None)
        if inside is not None:
            await inside.leave()

    def _filled(self, known: Known | None) -> Known:
        from .known import Known  # a warm workspace is not rendered

        level = self.options.pod_security or self._place.level or (known.level if known else "")
        return msgspec.structs.replace(known or Known(), namespace=self.namespace, level=level)

    async def _meant(self, container: str) -> str:
        """The workspace's id, from a name of ours, an instance, or a Deployment's uid."""
        if workspace := naming.workspace_of(container):
            return workspace
        found = await objects.find(
            self.cluster, DEPLOYMENT, objects.Head, namespace=self.namespace, labels=f"{names.ROLE}=workspace"
        )
        for each in found.items:
            if each.metadata.uid == container:
                return each.metadata.labels.get(names.ID, "")
        raise WorkspaceGone(
            f"There is no workspace {container} in the namespace {self.namespace}.",
            hint="See `moorage list`, and the options context and namespace.",
        )

    async def _changed(self, workspace: str, patch: dict[str, object]) -> None:
        name = naming.root(workspace)
        try:
            await objects.merge(self.cluster, DEPLOYMENT, name, patch, objects.Head, namespace=self.namespace)
        except ObjectMissing as error:
            raise WorkspaceGone(
                f"There is no workspace {workspace} in the namespace {self.namespace}.",
                hint="Run `moorage up` to make it.",
            ) from error

    async def _nodes(self) -> tuple[Node, ...]:
        from .causes.reading import Node

        try:
            return tuple((await objects.find(self.cluster, NODE, Node)).items)
        except Forbidden:
            return ()

    async def _architecture(self, nodes: tuple[Node, ...]) -> str:
        from .detecting import detected
        from .reading import architecture

        found = architecture(nodes) or await detected(self.cluster, self.namespace, self.options)
        if not found:
            self._say(
                "The nodes' architecture cannot be known; amd64 is assumed. Set the option architecture."
            )
        return found or "amd64"

    async def _read_level(self) -> None:
        """Few may read their namespace; without that, the cluster's own refusal is explained instead."""
        if self.options.pod_security or self._place.level:
            return
        try:
            found = await objects.get(self.cluster, NAMESPACE, self.namespace, objects.Head)
        except (Forbidden, NamespaceMissing):
            return
        level = found.metadata.labels.get(_LEVEL, "") if found else ""
        self._place.level = level if level in ("privileged", "baseline", "restricted") else ""  # type: ignore[assignment]


class Way:
    """The contract's `Inside` by a container's name: which pod it is in is asked once, when it is needed."""

    def __init__(self, driver: KubernetesDriver, container: str) -> None:
        self._driver = driver
        self._container = container
        self._entered: KubernetesInside | None = None

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        terminal: bool = False,
        stdin: bool = False,
    ) -> Process:
        """Raises NotRunning, and as `KubernetesInside.run`."""
        inside = await self._inside()
        return await inside.run(
            argv, user=user, environment=environment, folder=folder, terminal=terminal, stdin=stdin
        )

    async def read(self, path: str) -> bytes | None:
        return await (await self._inside()).read(path)

    async def write(self, folder: str, archive: bytes) -> None:
        await (await self._inside()).write(folder, archive)

    async def exists(self, path: str) -> bool:
        return await (await self._inside()).exists(path)

    async def _inside(self) -> KubernetesInside:
        if self._entered is None:
            self._entered = await self._driver.entered(self._container)
        return self._entered
