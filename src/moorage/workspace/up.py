"""The loop: plan, answer or apply, and again until nothing is due (design promise 1)."""

from __future__ import annotations

import time

import msgspec

from moorage.engine.errors import NameTaken
from moorage.errors import DeadlineError, MoorageError
from moorage.events import Notice, StepEnded, StepStarted
from moorage.planner.facts import Facts
from moorage.planner.learning import forecast, learn
from moorage.planner.plan import Ask, Plan, observe, plan
from moorage.planner.questions import (
    AskEngine,
    FindImage,
    HashContext,
    ListNames,
    Observe,
    ReadConfiguration,
    ReadDockerfile,
    ReadFeature,
    ReadStack,
)
from moorage.planner.request import Request
from moorage.planner.steps import RunHooks, Step
from moorage.spec import names
from moorage.spec.observation import Observation
from moorage.spec.run import Difference
from moorage.workspace.answers import answers
from moorage.workspace.apply import apply
from moorage.workspace.placing import placed
from moorage.workspace.site import Site

_ROUNDS = 40
_FORESEEABLE = (
    AskEngine,
    FindImage,
    HashContext,
    ListNames,
    ReadConfiguration,
    ReadDockerfile,
    ReadFeature,
    ReadStack,
)
"""What a forecast may ask about: things that its predicted steps have not touched."""


class Unsettled(DeadlineError):
    """The workspace was changed by someone else as often as moorage looked."""

    code = "unsettled"


class Up(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace that is running. `differences`: where it is not what the configuration says by now."""

    name: str
    workspace: str
    container: str
    container_id: str
    remote_user: str
    remote_folder: str
    created: bool
    steps: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    background: bool = False
    """Hooks behind `waitFor` are still at work; their log is kept."""


async def up(request: Request, site: Site) -> Up:
    """Bring the workspace about and say what it is: each round does what is missing.

    Raises every error of the rooms below; what was done until then stays and the next `up` goes on from it.
    """
    _tell_of_inactivity(site)
    request = _completed(request, site)
    try:
        return await _until_settled(request, site)
    except MoorageError as error:
        from moorage.workspace.timeline import remember  # a run that ends well leaves nothing

        remember(site.cache, request, error, site.reporter)
        raise


async def foresee(request: Request, site: Site) -> Plan:
    """The whole plan without changing anything: questions are answered, steps are only predicted."""
    request, now = await _first_plan(_completed(request, site), site)
    reached = forecast(request, now)
    for _ in range(_ROUNDS):
        if reached.ask is None or not all(isinstance(each, _FORESEEABLE) for each in reached.ask.questions):
            break
        known = reached.facts.answered(await answers(request, site, reached.ask.questions))
        reached = forecast(request, known, reached.plan.steps)
    outcome = plan(request, now)
    if isinstance(outcome, Ask):
        return reached.plan
    return msgspec.structs.replace(reached.plan, warnings=outcome.warnings, differences=outcome.differences)


async def _until_settled(request: Request, site: Site) -> Up:
    facts, warned = Facts(), frozenset[str]()
    done: list[Step] = []
    for _ in range(_ROUNDS):
        outcome = plan(request, facts)
        if isinstance(outcome, Ask):
            facts = facts.answered(await answers(request, site, outcome.questions))
            request = _recalled(request, facts, site)
            continue
        warned = _warn(site, outcome, warned)
        if not outcome.steps:
            return _finished(request, facts, outcome, done)
        try:
            for step in outcome.steps:
                facts = await carry_out(request, site, facts, step)
                done.append(step)
        except NameTaken:
            facts = facts.without(Observe)
    raise Unsettled(
        f"The workspace {request.slug} did not come to rest in {_ROUNDS} rounds.",
        hint="See whether another process keeps changing its container, then run the command again.",
    )


async def _first_plan(request: Request, site: Site) -> tuple[Request, Facts]:
    facts = Facts()
    for _ in range(_ROUNDS):
        outcome = plan(request, facts)
        if isinstance(outcome, Plan):
            return request, facts
        facts = facts.answered(await answers(request, site, outcome.questions))
        request = _recalled(request, facts, site)
    raise Unsettled("The planner keeps asking.", hint="Please report this as a defect.")


def _completed(request: Request, site: Site) -> Request:
    """As the place, and the template that the request is made from, understand it."""
    if not request.template:
        return placed(request, site)
    from moorage.workspace.templated import complete  # few workspaces are made from templates

    return complete(request, site)


def _recalled(request: Request, facts: Facts, site: Site) -> Request:
    """A workspace that was made from a template goes on as that one says, whatever command meets it."""
    if request.template or not facts.knows(observe(request)):
        return request
    template = facts.need(observe(request), Observation).template
    return _completed(msgspec.structs.replace(request, template=template), site) if template else request


async def carry_out(request: Request, site: Site, facts: Facts, step: Step) -> Facts:
    """One step, reported with its time; hooks report each command by itself."""
    label = str(step.__struct_config__.tag)
    started = time.monotonic()
    site.reporter.emit(StepStarted(step=label, title=step.title, reason=step.reason))
    try:
        result = await apply(request, site, facts, step)
    except BaseException as error:
        detail = error.message if isinstance(error, MoorageError) else ""
        seconds = time.monotonic() - started
        site.reporter.emit(StepEnded(step=label, outcome="failed", seconds=seconds, detail=detail))
        raise
    seconds = time.monotonic() - started
    site.reporter.emit(
        StepEnded(step=label, outcome="adopted" if result.adopted else "done", seconds=seconds)
    )
    return learn(request, facts, step, result)


def _tell_of_inactivity(site: Site) -> None:
    if site.options.inactivity:
        text = "containerInactivityTimeout is noted, but idle workspaces are not stopped yet."
        hint = "Stop it yourself with moorage stop; the agent that will do it comes with a later version."
        site.reporter.emit(Notice(level="warning", code="inactivity-not-enforced", text=text, hint=hint))


def _warn(site: Site, outcome: Plan, warned: frozenset[str]) -> frozenset[str]:
    for text in outcome.warnings:
        if text not in warned:
            site.reporter.emit(Notice(level="warning", code="configuration", text=text))
    changed = tuple(each.text for each in outcome.differences)
    if changed and changed[0] not in warned:
        hint = "Run again with --recreate to apply it; files in the workspace folder stay."
        text = "The configuration changed since this container was made: " + "; ".join(changed)
        site.reporter.emit(Notice(level="warning", code="configuration-changed", text=text, hint=hint))
    return warned | set(outcome.warnings) | set(changed)


def _finished(request: Request, facts: Facts, outcome: Plan, done: list[Step]) -> Up:
    seen = facts.need(observe(request), Observation)
    if seen.container is None or outcome.wanted is None:
        raise TypeError("a plan without steps must have a container")
    tags = tuple(str(step.__struct_config__.tag) for step in done)
    return Up(
        name=seen.container.labels.get(names.NAME, request.slug),
        workspace=request.workspace,
        container=seen.container.name,
        container_id=seen.container.id,
        remote_user=outcome.wanted.remote_user or "root",
        remote_folder=outcome.wanted.folder,
        created="create-container" in tags,
        steps=tags,
        differences=outcome.differences,
        background=seen.journal.running and any(isinstance(step, RunHooks) for step in done),
    )
