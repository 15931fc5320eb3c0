"""Waiting for the pod: watches side by side, and one look at each change that decides."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from time import monotonic
from typing import TypeVar

import msgspec

from ...errors import MoorageError
from ...kube.client import Cluster
from ...kube.errors import Forbidden
from ...kube.feed import Feed
from ...kube.kinds import CLAIM, DEPLOYMENT, EVENT, POD, Kind
from ...kube.watch import Change, Synced, watch
from ...spec import names
from . import naming
from .causes.cause import Cause
from .causes.find import cause, failing, ready
from .causes.reading import Claim, Deployment, Event, Pod, Seen
from .causes.scheduling import grows
from .errors import WorkspaceFailed, WorkspaceGone, WorkspaceLate
from .observing import current, pods_of
from .options import Options

_SLOW = 0.7
"""Seconds after which a pod that is not there yet is looked at more closely: events and claims too."""
_USUAL = (
    "Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing", "SuccessfulCreate", "SuccessfulDelete",
    "ScalingReplicaSet", "ProvisioningSucceeded",
)  # fmt: skip
_NEWS = ",".join(f"reason!={reason}" for reason in _USUAL)
"""Without the events of every start: those of all workspaces of a namespace are told to each that waits."""
_SETTLE = 2.0
"""Seconds that a cause has to last before people are told: most pass by themselves in less."""
_MOMENT = 1.5
"""Seconds in which a command of the image's own may turn out to end at once: kubelets look every second."""
T = TypeVar("T")


class _Kept(msgspec.Struct):
    """What the watches have told so far."""

    deployment: Deployment | None = None
    synced: bool = False
    pods: dict[str, Pod] = {}
    events: dict[str, Event] = {}
    claims: dict[str, Claim] = {}
    logs: dict[str, tuple[str, ...]] = {}


def news(cluster: Cluster, namespace: str) -> Feed[Event]:
    """The events of a namespace that may be bad news, for all that wait in it."""
    return Feed(lambda: watch(cluster, EVENT, Event, namespace=namespace, fields=_NEWS))


class Wait:
    """One wait for one workspace; `say` gets what is waited for, for people."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        workspace: str,
        options: Options,
        say: Callable[[str], None],
        events: Feed[Event],
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._workspace = workspace
        self._options = options
        self._say = say
        self._events = events
        self._kept = _Kept(pods={}, events={}, claims={}, logs={})
        self._changed = asyncio.Event()
        self._failure: BaseException | None = None
        self._last: Cause | None = None
        self._since = 0.0
        self._mentioned: Cause | None = None
        self._up = 0.0
        self._running = ""

    async def ready(self) -> Pod:
        """The pod once its container runs. Raises WorkspaceFailed, WorkspaceLate, WorkspaceGone."""
        begun = monotonic()
        tasks = [asyncio.create_task(self._follow_pods()), asyncio.create_task(self._follow_deployment())]
        try:
            while (pod := await self._judged(begun)) is None:
                if len(tasks) == 2 and monotonic() - begun >= _SLOW:
                    tasks += map(asyncio.create_task, (self._follow_events(), self._follow_claims()))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._patience(begun)):
                        await self._changed.wait()
                self._changed.clear()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return pod

    async def _judged(self, begun: float) -> Pod | None:
        """The pod if it is up; otherwise waiting goes on, or ends with an error."""
        if self._failure is not None:
            raise self._failure
        if self._kept.synced and self._kept.deployment is None:
            raise WorkspaceGone(
                "The workspace was deleted while it was waited for.",
                hint="Run the command again to make it anew.",
            )
        seen = self._seen()
        if seen.pod is not None and ready(seen) and self._stays(seen.pod):
            return seen.pod
        found = cause(seen)
        if found is not None and failing(seen) and not self._kept.logs:
            await self._read_logs(seen)
            found = cause(self._seen())
        self._weigh(found, seen, begun)
        return None

    def _stays(self, pod: Pod) -> bool:
        """Our own first process stays; the image's has to run for a moment."""
        main = pod.container(naming.CONTAINER)
        running = main.container_id if main else ""
        if running != self._running:
            self._running, self._up = running, monotonic()
        own = naming.OWN_COMMAND not in (pod.metadata.annotations or {})
        return own or monotonic() - self._up >= _MOMENT

    def _weigh(self, found: Cause | None, seen: Seen, begun: float) -> None:
        now = monotonic()
        if (found and found.code) != (self._last and self._last.code):
            self._since = now
        lasted = now - self._since
        self._last = found
        if found is not None and found.hopeless:
            raise self._failed(found)
        if now - begun >= self._options.pod_timeout:
            raise self._late(found, now - begun)
        if found is None:
            return
        if found.scheduling and not grows(seen) and lasted >= self._options.scheduling_timeout:
            raise self._failed(found)
        if lasted >= _SETTLE and (self._mentioned is None or self._mentioned.code != found.code):
            self._mentioned = found
            self._say(f"{found.sentence} {found.hint}")

    def _patience(self, begun: float) -> float:
        """Seconds until something has to be looked at again though nothing changed."""
        now = monotonic()
        ends = [begun + self._options.pod_timeout]
        if now - begun < _SLOW:
            ends.append(begun + _SLOW)
        if self._last is not None and now - self._since < _SETTLE:
            ends.append(self._since + _SETTLE)
        if self._up and now - self._up < _MOMENT:
            ends.append(self._up + _MOMENT)
        if self._last is not None and self._last.scheduling:
            ends.append(self._since + self._options.scheduling_timeout)
        return max(0.01, min(ends) - now)

    def _seen(self) -> Seen:
        kept = self._kept
        return Seen(
            deployment=kept.deployment,
            pod=current(tuple(kept.pods.values())),
            events=tuple(kept.events.values()),
            claims=tuple(kept.claims.values()),
            logs=kept.logs,
        )

    def _failed(self, found: Cause) -> WorkspaceFailed:
        return WorkspaceFailed(found.sentence, cause=found.code, evidence=found.evidence, hint=found.hint)

    def _late(self, found: Cause | None, seconds: float) -> WorkspaceLate:
        hint = found.hint if found else "Raise the option podTimeout, or see `kubectl describe pod`."
        evidence = (found.sentence, *found.evidence) if found else ("nothing is known to be wrong",)
        return WorkspaceLate(
            f"The workspace's pod was not up within {seconds:.0f} s.", evidence=evidence, hint=hint
        )

    # ── what is followed ──

    async def _follow_pods(self) -> None:
        await self._follow(POD, Pod, self._kept.pods, pods_of(self._workspace))

    async def _follow_claims(self) -> None:
        await self._follow(CLAIM, Claim, self._kept.claims, f"{names.ID}={self._workspace}")

    async def _follow_events(self) -> None:
        """Those of the workspace: no selector can say so, as names of pods are made up on the way."""
        prefix = naming.root(self._workspace)
        mine = self._events.follow(lambda event: event.involved_object.name.startswith(prefix))
        with self._told():
            async with aclosing(mine) as changes:
                async for change in changes:
                    self._keep(self._kept.events, change)

    async def _follow_deployment(self) -> None:
        name = naming.root(self._workspace)
        with self._told():
            async with aclosing(
                self._watch(DEPLOYMENT, Deployment, fields=f"metadata.name={name}")
            ) as changes:
                async for change in changes:
                    if isinstance(change, Synced):
                        self._kept.synced = True
                    else:
                        self._kept.deployment = None if change.deleted else change.object
                    self._changed.set()

    async def _follow(self, kind: Kind, into: type[T], kept: dict[str, T], labels: str) -> None:
        with self._told():
            async with aclosing(self._watch(kind, into, labels=labels)) as changes:
                async for change in changes:
                    if not isinstance(change, Synced):
                        self._keep(kept, change)

    def _keep(self, kept: dict[str, T], change: Change[T]) -> None:
        if change.deleted:
            kept.pop(change.uid, None)
        else:
            kept[change.uid] = change.object
        self._changed.set()

    def _watch(
        self, kind: Kind, into: type[T], *, labels: str = "", fields: str = ""
    ) -> AsyncGenerator[Change[T] | Synced, None]:
        return watch(self._cluster, kind, into, namespace=self._namespace, labels=labels, fields=fields)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """A watch that cannot go on ends the wait; one that a role does not allow is done without."""
        try:
            yield
        except Forbidden as error:
            if error.resource in ("pods", "deployments"):
                self._failure = error
                self._changed.set()
        except MoorageError as error:
            self._failure = error
            self._changed.set()

    async def _read_logs(self, seen: Seen) -> None:
        assert seen.pod is not None
        for container in failing(seen):
            lines = await tail(self._cluster, self._namespace, seen.pod.metadata.name, container)
            self._kept.logs[container] = lines


async def tail(
    cluster: Cluster, namespace: str, pod: str, container: str, lines: int = 20
) -> tuple[str, ...]:
    """The last lines of a container, or of the one before it that ended; nothing where they cannot be had."""
    path = POD.path(namespace, pod, "log")
    for previous in (False, True):
        try:
            said = await cluster.call(
                "GET", path, {"container": container, "tailLines": lines, "previous": previous}
            )
        except MoorageError:
            continue
        if said.strip():
            return tuple(said.decode(errors="replace").splitlines()[-lines:])
    return ()
