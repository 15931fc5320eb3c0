"""The planner: from a request and facts to the next steps, or to the questions that stand before them.

It is one reading from top to bottom: which configuration decides, which image it runs, what the container is
to be, and what the one that exists still lacks. Nothing here does anything.
"""

from __future__ import annotations

import msgspec

from moorage.devcontainer.warnings import warnings as configuration_warnings
from moorage.planner.configured import Configured, configured
from moorage.planner.container import Wanted, record_of, wanted
from moorage.planner.due import from_nothing, resumed, shortfalls
from moorage.planner.errors import HostCommandRefused
from moorage.planner.facts import Facts, Unanswered
from moorage.planner.hooks import edited, initialize_stage
from moorage.planner.image import Chosen, image_step
from moorage.planner.questions import (
    AskEngine,
    ConfigurationFile,
    ListNames,
    Observe,
    Question,
    ReadConfiguration,
)
from moorage.planner.request import Request
from moorage.planner.steps import BuildFeatures, RunInitialize, StartContainer, Step
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


def configuration_question(request: Request, facts: Facts) -> ReadConfiguration:
    """Before the files exist in the workspace the source decides, afterwards the workspace's own files do."""
    if isinstance(request.source, LocalFolder) and not _has_own_files(request, facts):
        return ReadConfiguration(place="folder", path=request.config, override=request.override_config)
    if isinstance(request.source, ImageSource):
        return ReadConfiguration(place="image")
    container = facts.need(observe(request), Observation).container
    if container is None or not container.started_at:
        return ReadConfiguration(place="git", path=request.config)
    return ReadConfiguration(
        place="exported" if recreate_due(request, facts) else "workspace",
        container=container.name,
        path=container.labels.get(names.CONFIG, ""),
        folder=container.labels.get(names.TOP, ""),
        commit=container.labels.get(names.COMMIT, ""),
    )


def recreate_due(request: Request, facts: Facts) -> bool:
    """Whether the container that exists is to go, because that was asked for or its files say so."""
    return bool(request.recreate or request.rebuild or request.anew) and "recreate" not in facts.past


def _plan(request: Request, facts: Facts) -> Plan:
    source = configuration_question(request, facts)
    if asleep := _asleep(request, facts, source):
        reason = f"it is {asleep.state}, and its files decide what is due"
        return Plan(steps=(StartContainer(container=asleep.name, reason=reason),), more=True)
    facts.need_all(source, observe(request))
    observation = facts.need(observe(request), Observation)
    configuration = configured(request, facts.need(source, ConfigurationFile))
    if _woken(facts, observation) and configuration.configuration.kind == "dockerfile":
        source = msgspec.structs.replace(source, place="exported")  # whether its image is another one now
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
    if target.differences and _woken(facts, observation):
        changed = "; ".join(each.text for each in target.differences)
        reason = f"it was started again, and its files say something else by now: {changed}"
        return _plan(msgspec.structs.replace(request, anew=reason), facts)
    noted += target.merged.problems
    if kept is None:
        anew = recreate_due(request, facts)
        steps = from_nothing(request, facts, observation, target, asked_anew=anew)
        noted += shortfalls(facts.need(AskEngine(), EngineFacts), target)
        return Plan(steps=steps, more=True, warnings=noted, wanted=target, identity=chosen.image.identity)
    steps = resumed(request, facts, observation, kept, target)
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


def _has_own_files(request: Request, facts: Facts) -> bool:
    """Whether a local folder's copy is in the workspace: from then on that one decides."""
    if not facts.knows(observe(request)):
        return False
    seen = facts.need(observe(request), Observation)
    return seen.container is not None and seen.container.furnished and seen.volume == "complete"


def _asleep(request: Request, facts: Facts, source: ReadConfiguration) -> Container | None:
    """A container whose files can only be read when it runs."""
    if source.place not in ("workspace", "exported"):
        return None
    container = facts.need(observe(request), Observation).container
    return container if container and container.furnished and container.state != "running" else None


def _woken(facts: Facts, observation: Observation) -> bool:
    """Whether this run has started a container that each start makes anew: then its current files count."""
    started = "started" in facts.past and "recreate" not in facts.past
    return started and observation.container is not None and observation.container.furnished


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
    if container is None or container.state in ("dead", "removing") or recreate_due(request, facts):
        return None
    return container
