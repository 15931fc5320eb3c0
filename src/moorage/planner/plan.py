"""The planner: from a request and facts to the next steps, or to the questions that stand before them.

It is one reading from top to bottom: which configuration decides, which image it runs, what the container is
to be, and what the one that exists still lacks. Nothing here does anything.
"""

from __future__ import annotations

import msgspec

from moorage.devcontainer.host_requirements import Capacity, check
from moorage.devcontainer.warnings import warnings as configuration_warnings
from moorage.planner.compose import incomplete
from moorage.planner.configured import Configured, configured
from moorage.planner.container import Wanted, record_of, wanted
from moorage.planner.errors import HostCommandRefused, NameInUse
from moorage.planner.facts import Facts, Unanswered
from moorage.planner.hooks import edited, hooks_step, initialize_stage
from moorage.planner.image import Chosen, image_step
from moorage.planner.questions import (
    AskEngine,
    ConfigurationFile,
    IsCloned,
    ListNames,
    Observe,
    Question,
    ReadConfiguration,
    TakenName,
)
from moorage.planner.request import Request
from moorage.planner.steps import (
    BuildFeatures,
    CloneSource,
    CreateContainer,
    CreateStack,
    PrepareContainer,
    RemoveContainer,
    RunInitialize,
    SettleHome,
    StartContainer,
    StartStack,
    Step,
)
from moorage.spec import names
from moorage.spec.observation import Container, EngineFacts, Observation
from moorage.spec.run import Difference
from moorage.spec.source import GitSource, ImageSource, LocalFolder


class Ask(msgspec.Struct, frozen=True):
    """The planner cannot go on without these answers; all of them can be had side by side."""

    questions: tuple[Question, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The steps that are due now. `more`: what follows depends on what these reveal.

    `differences` are where a container that is kept is not what the configuration now says. `wanted` is the
    container as it should be; None while steps before it are due.
    """

    steps: tuple[Step, ...] = ()
    more: bool = False
    differences: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = ()
    wanted: Wanted | None = None
    identity: str = ""
    """The identity of the image that the workspace runs."""


def plan(request: Request, facts: Facts) -> Ask | Plan:
    """The next steps, or the questions before them. Pure: equal arguments give equal results.

    Raises the errors of the configuration, and `RefusedError` for what moorage will not do.
    """
    try:
        return _plan(request, facts)
    except Unanswered as unanswered:
        return Ask(unanswered.questions)


def observe(request: Request) -> Observe:
    """The one question that every run asks."""
    volume = request.volume if isinstance(request.source, GitSource) else ""
    return Observe(container=request.handle, volume=volume)


def _plan(request: Request, facts: Facts) -> Plan:
    source = _configuration_question(request, facts)
    facts.need_all(source, observe(request))
    observation = facts.need(observe(request), Observation)
    configuration = configured(request, facts.need(source, ConfigurationFile))
    request = _with_name_found(request, observation)
    noted = tuple(
        f"{warning.text} {warning.hint}".strip() for warning in configuration_warnings(configuration.document)
    )

    initialize = _initialize(request, facts, configuration)
    if initialize:
        return Plan(steps=(initialize,), more=True, warnings=noted)

    kept = _kept(request, facts, observation)
    chosen = _image_step(request, facts, configuration, kept)
    if kept and not kept.started_at and _differs(request, facts, configuration, chosen, kept):
        kept, chosen = None, image_step(request, facts, configuration, None)
    if isinstance(chosen, Chosen | BuildFeatures):
        noted += chosen.remarks
    if not isinstance(chosen, Chosen):
        return Plan(steps=(chosen,), more=True, warnings=noted)

    target = wanted(request, facts, configuration, chosen, kept)
    noted += target.merged.problems
    if kept is None:
        steps = _from_nothing(request, facts, observation, target)
        noted += _shortfalls(facts.need(AskEngine(), EngineFacts), target)
        return Plan(steps=steps, more=True, warnings=noted, wanted=target, identity=chosen.image.identity)
    steps = _resumed(request, facts, observation, kept, target)
    return Plan(
        steps=steps,
        more=not observation.journal.prepared,
        differences=(*target.differences, *edited(target.stages, observation.journal)),
        warnings=noted,
        wanted=target,
        identity=chosen.image.identity,
    )


def _image_step(
    request: Request, facts: Facts, configuration: Configured, kept: Container | None
) -> Chosen | Step:
    """As `image_step`; its first question goes along with what only a new container needs to know."""
    try:
        return image_step(request, facts, configuration, record_of(kept))
    except Unanswered as image:
        if kept is None and not facts.knows(AskEngine()):
            others = () if request.name else (ListNames(),)
            raise Unanswered((*image.questions, AskEngine(), *others)) from None
        raise


def _with_name_found(request: Request, observation: Observation) -> Request:
    """Compose names its containers itself: from here on ours is called what it is called."""
    if observation.container is None or observation.container.name == request.container:
        return request
    return msgspec.structs.replace(request, found=observation.container.name)


def _differs(
    request: Request,
    facts: Facts,
    configuration: Configured,
    chosen: Chosen | Step,
    kept: Container,
) -> bool:
    """A container that never ran holds nothing of anybody's: where it differs, it is simply made anew."""
    if not isinstance(chosen, Chosen):
        return True
    return bool(wanted(request, facts, configuration, chosen, kept).differences)


def _configuration_question(request: Request, facts: Facts) -> ReadConfiguration:
    """Before the files exist in the workspace the source decides, afterwards the workspace's own files do."""
    if isinstance(request.source, LocalFolder):
        return ReadConfiguration(place="folder", path=request.config, override=request.override_config)
    if isinstance(request.source, ImageSource):
        return ReadConfiguration(place="image")
    container = facts.need(observe(request), Observation).container
    if container is None or not container.started_at:
        return ReadConfiguration(place="git", path=request.config)
    return ReadConfiguration(
        place="exported" if _recreate_due(request, facts) else "workspace",
        container=request.container,
        path=container.labels.get(names.CONFIG, ""),
        folder=container.labels.get(names.TOP, ""),
        commit=container.labels.get(names.COMMIT, ""),
    )


def _recreate_due(request: Request, facts: Facts) -> bool:
    return (request.recreate or request.rebuild) and "recreate" not in facts.past


def _initialize(request: Request, facts: Facts, configuration: Configured) -> RunInitialize | None:
    stage = initialize_stage(configuration.configuration)
    if stage is None or "initialize" in facts.past:
        return None
    if isinstance(request.source, GitSource) and not request.allow_host_commands:
        raise HostCommandRefused(
            "The repository wants to run its initializeCommand on this machine.",
            evidence=tuple(" ".join(command.argv) for command in stage.commands),
            hint="Read it, then run again with --allow-host-commands if you trust it.",
        )
    folder = request.source.path if isinstance(request.source, LocalFolder) else configuration.file.root
    return RunInitialize(stage=stage, folder=folder, reason="initializeCommand runs at every up")


def _kept(request: Request, facts: Facts, observation: Observation) -> Container | None:
    """The container that exists, unless it is to go."""
    container = observation.container
    if container is None or container.state in ("dead", "removing") or _recreate_due(request, facts):
        return None
    return container


def _from_nothing(
    request: Request, facts: Facts, observation: Observation, target: Wanted
) -> tuple[Step, ...]:
    """A new container up to its start; what runs in it is planned from its own environment then."""
    facts.need_all(AskEngine(), ListNames())
    _refuse_taken_name(request, facts)
    reason, gone = _reason_for_new(request, facts, observation.container)
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
        _prepare(request, target),
        _clone(request, target),
        StartContainer(container=request.container, reason="it is new"),
    )
    return tuple(step for step in steps if step is not None)


def _shortfalls(engine: EngineFacts, target: Wanted) -> tuple[str, ...]:
    """hostRequirements that the engine's machine does not meet: told, never a reason to stop."""
    capacity = Capacity(
        cpus=engine.cpus or None,
        memory=engine.memory or None,
        storage=engine.storage or None,
        gpu=engine.gpu,
    )
    return tuple(each.text for each in check(target.merged.host_requirements, capacity))


def _reason_for_new(
    request: Request, facts: Facts, old: Container | None
) -> tuple[str, RemoveContainer | None]:
    if old is None:
        return "there is none", None
    if _recreate_due(request, facts):
        reason = "asked by --rebuild" if request.rebuild else "asked by --recreate"
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


def _resumed(
    request: Request, facts: Facts, observation: Observation, container: Container, target: Wanted
) -> tuple[Step, ...]:
    """What an existing container still lacks, whoever made it and wherever they were interrupted."""
    steps: list[Step] = []
    if not observation.journal.prepared:
        steps.append(_prepare(request, target))
    clone = _clone(request, target)
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
