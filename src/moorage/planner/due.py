"""What is due for the workspace's container: all of it for a new one, what is missing for one that exists."""

from __future__ import annotations

from moorage.devcontainer.host_requirements import Capacity, check
from moorage.planner.compose import incomplete
from moorage.planner.container import Wanted
from moorage.planner.errors import NameInUse
from moorage.planner.facts import Facts
from moorage.planner.hooks import hooks_step
from moorage.planner.questions import AskEngine, IsCloned, ListNames, TakenName
from moorage.planner.request import Request
from moorage.planner.steps import (
    CloneSource,
    CreateContainer,
    CreateStack,
    PrepareContainer,
    RemoveContainer,
    SettleHome,
    StartContainer,
    StartStack,
    Step,
    UploadSource,
)
from moorage.spec.observation import Container, EngineFacts, Observation
from moorage.spec.source import GitSource


def from_nothing(
    request: Request, facts: Facts, observation: Observation, target: Wanted, *, asked_anew: bool
) -> tuple[Step, ...]:
    """A new container up to its start; what runs in it is planned from its own environment then."""
    facts.need_all(AskEngine(), ListNames())
    furnishes = facts.need(AskEngine(), EngineFacts).furnishes
    _refuse_taken_name(request, facts)
    reason, gone = _reason_for_new(request, observation.container, asked_anew)
    if target.spec.stack:
        made = CreateStack(
            spec=target.spec,
            stack=target.spec.stack,
            replace=request.recreate or request.rebuild,
            start=target.uid is None,
            reason=reason,
        )
        return (gone, made) if gone else (made,)
    steps = (
        gone,
        CreateContainer(container=request.container, spec=target.spec, reason=reason),
        None if furnishes else _prepare(request, target),
        None if furnishes else _clone(request, target),
        StartContainer(container=request.container, reason="it is new"),
    )
    return tuple(step for step in steps if step is not None)


def shortfalls(engine: EngineFacts, target: Wanted) -> tuple[str, ...]:
    """hostRequirements that the engine's machine does not meet: told, never a reason to stop."""
    capacity = Capacity(
        cpus=engine.cpus or None,
        memory=engine.memory or None,
        storage=engine.storage or None,
        gpu=engine.gpu,
    )
    return tuple(each.text for each in check(target.merged.host_requirements, capacity))


def _reason_for_new(
    request: Request, old: Container | None, asked_anew: bool
) -> tuple[str, RemoveContainer | None]:
    if old is None:
        return "there is none", None
    if asked_anew:
        reason = request.anew or ("asked by --rebuild" if request.rebuild else "asked by --recreate")
    elif old.started_at:
        reason = f"the old one is {old.state}"
    else:
        reason = "the configuration changed before it was ever started"
    return reason, RemoveContainer(container=request.container, reason=reason)


def _refuse_taken_name(request: Request, facts: Facts) -> None:
    if not request.name:
        return
    for taken in facts.need(ListNames(), tuple):
        if (
            isinstance(taken, TakenName)
            and taken.name == request.name
            and taken.workspace != request.workspace
        ):
            raise NameInUse(
                f"The name {request.name} belongs to a workspace of another source.",
                evidence=(f"{taken.name}: {taken.source}",),
                hint="Choose another --name, or delete that workspace first.",
            )


def resumed(
    request: Request, facts: Facts, observation: Observation, container: Container, target: Wanted
) -> tuple[Step, ...]:
    """What an existing container still lacks, whoever made it and wherever they were interrupted."""
    steps: list[Step] = []
    if not observation.journal.prepared:
        steps.append(_prepare(request, target))
    clone = None if container.furnished else _clone(request, target)
    if clone and not container.started_at:
        cloned = IsCloned(container=request.container, folder=clone.folder)
        if not facts.need(cloned, bool):
            steps.append(clone)
    if start := _stack_start(container, observation, target):
        steps.append(start)
    elif container.state != "running":
        steps.append(StartContainer(container=request.container, reason=f"it is {container.state}"))
    if not observation.journal.prepared:
        return tuple(steps)  # only then is it known what the home is owed
    if upload := _upload(request, observation, target):
        if steps:
            return tuple(steps)  # whether it is there shows when it runs
        steps.append(upload)
    if observation.journal.owed:
        owed = observation.journal.owed
        steps.append(SettleHome(container=request.container, owed=owed, reason="its ids have changed"))
    hooks = hooks_step(request, facts, observation, target)
    return tuple(steps) if hooks is None else (*steps, hooks)


def _stack_start(container: Container, observation: Observation, target: Wanted) -> StartStack | None:
    stack = target.spec.stack
    if stack is None:
        return None
    reason = incomplete(stack, observation) if container.state == "running" else f"it is {container.state}"
    return (
        StartStack(container=container.name, spec=target.spec, stack=stack, reason=reason) if reason else None
    )


def _prepare(request: Request, target: Wanted) -> PrepareContainer:
    return PrepareContainer(
        container=request.container,
        user=target.remote_user,
        uid=target.uid,
        gid=target.gid,
        reason="it is new",
    )


def _upload(request: Request, observation: Observation, target: Wanted) -> UploadSource | None:
    content = target.spec.content
    if content.kind != "upload" or observation.volume == "complete":
        return None
    return UploadSource(
        container=request.container,
        source=content.source,
        folder=content.target,
        user=target.remote_user,
        reason="the workspace does not have it yet",
    )


def _clone(request: Request, target: Wanted) -> CloneSource | None:
    if not isinstance(request.source, GitSource):
        return None
    content = target.spec.content
    return CloneSource(
        container=request.container,
        volume=content.volume,
        folder=content.target,
        mount=content.target.rpartition("/")[0],
        commit=content.commit,
        user=target.remote_user,
        submodules=request.submodules,
        lfs=request.lfs,
        reason="the volume does not hold it yet",
    )
