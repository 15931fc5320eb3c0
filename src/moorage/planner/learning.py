"""What is true after a step (each step states it), and a forecast of a whole run from that.

The loop learns from what really happened; `moorage plan` and the tests learn from what would. One function
serves both, so the forecast cannot drift from the work.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from moorage.planner.facts import Facts
from moorage.planner.plan import Ask, Plan, configuration_question, observe, plan
from moorage.planner.questions import (
    AskEngine,
    ConfigurationFile,
    FindImage,
    HashContext,
    IsCloned,
    ReadConfiguration,
    ReadDockerfile,
    ReadFeature,
    ReadStack,
)
from moorage.planner.request import Request
from moorage.planner.steps import (
    BuildFeatures,
    BuildImage,
    CloneSource,
    CreateContainer,
    CreateStack,
    PrepareContainer,
    PullImage,
    RemoveContainer,
    RunHooks,
    RunInitialize,
    SettleHome,
    StartContainer,
    StartStack,
    Step,
    UploadSource,
    WriteLockfile,
)
from moorage.spec import names
from moorage.spec.image import ImageFacts
from moorage.spec.journal import stage_key
from moorage.spec.observation import Container, EngineFacts, Journal, Observation
from moorage.spec.run import recorded

_LONGEST = 8
_MARKS = {CreateContainer: "recreate", StartContainer: "started"}
"""Steps of which it counts later that this run has taken them."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a step came back with, where that is more than having been done."""

    container: Container | None = None
    image: ImageFacts | None = None
    journal: Journal | None = None
    changed_files: bool = False
    adopted: bool = False
    seen: Observation | None = None
    volume: Literal["none", "empty", "complete"] | None = None


def learn(request: Request, facts: Facts, step: Step, result: Result) -> Facts:
    """The facts after a step was carried out with this result."""
    seen = _observation(request, facts)
    match step:
        case RunInitialize():
            rest = (
                facts.without(ReadConfiguration, ReadDockerfile, HashContext, ReadFeature, ReadStack)
                if result.changed_files
                else facts
            )
            return rest.after("initialize")
        case PullImage():
            plain, fresh = _ways_to_find(step.reference)
            return facts.answered({plain: result.image, fresh: result.image}).after("pull")
        case BuildImage():
            question = FindImage(reference=step.spec.tag, local=True)
            return facts.answered({question: result.image}).after("build")
        case BuildFeatures():
            question = FindImage(reference=step.spec.tag, local=True)
            return facts.answered({question: result.image}).after("features")
        case WriteLockfile():
            return _locked(facts, step)
        case RemoveContainer():
            return _seen(request, facts, Observation()).after("recreate")
        case CloneSource():
            return facts.answered({IsCloned(container=step.container, folder=step.folder): True})
        case UploadSource():
            return _uploaded(request, facts, msgspec.structs.replace(seen, volume="complete"))
        case RunHooks():
            journal = result.journal or seen.journal
            return _seen(request, facts, msgspec.structs.replace(seen, journal=journal)).after("hooks")
        case CreateStack() | StartStack():
            known = _seen(request, facts, result.seen or seen)
            return known.after("recreate") if isinstance(step, CreateStack) else known
        case CreateContainer() | PrepareContainer() | StartContainer() | SettleHome():
            changed = msgspec.structs.replace(
                seen,
                container=result.container or seen.container,
                journal=result.journal or seen.journal,
                volume=result.volume or seen.volume,
            )
            known = _seen(request, facts, changed)
            return known.after(_MARKS[type(step)]) if type(step) in _MARKS else known


def predicted(request: Request, facts: Facts, step: Step) -> Result:
    """What a step would come back with if all went well."""
    seen = _observation(request, facts)
    match step:
        case PullImage():
            found = facts.need(_found(facts, step.reference), ImageFacts)
            return Result(image=msgspec.structs.replace(found, present=True))
        case BuildImage() | BuildFeatures():
            return Result(
                image=ImageFacts(
                    reference=step.spec.tag,
                    identity=step.spec.tag,
                    user=step.predicted_user,
                    metadata=step.predicted_metadata,
                )
            )
        case CreateContainer():
            furnished = facts.knows(AskEngine()) and facts.need(AskEngine(), EngineFacts).furnishes
            return Result(container=_created(step, furnished), journal=Journal(prepared=furnished))
        case CreateStack():
            return Result(seen=_made(step))
        case StartStack() if seen.container:
            running = msgspec.structs.replace(seen.container, state="running", started_at="a new start")
            beside = tuple((service, "running") for service in step.stack.services)
            return Result(seen=msgspec.structs.replace(seen, container=running, beside=beside))
        case PrepareContainer():
            return Result(journal=msgspec.structs.replace(seen.journal, prepared=True))
        case StartContainer() if seen.container:
            running = msgspec.structs.replace(seen.container, state="running", started_at="a new start")
            return Result(container=running)
        case SettleHome():
            return Result(journal=msgspec.structs.replace(seen.journal, owed=""))
        case RunHooks():
            return Result(journal=_hooks_done(step, seen))
        case _:
            return Result()


class Foresight(msgspec.Struct, frozen=True):
    """Where a forecast stands: the steps so far, the facts after them, and what it would have to ask next.

    `plan.more` says that it ended before the workspace was complete.
    """

    plan: Plan
    facts: Facts
    ask: Ask | None = None


def forecast(request: Request, facts: Facts, before: tuple[Step, ...] = ()) -> Foresight:
    """All the steps of a run as far as they can be foreseen from these facts. Raises what `plan` raises."""
    steps = before
    for _ in range(_LONGEST):
        outcome = plan(request, facts)
        if isinstance(outcome, Ask):
            return Foresight(Plan(steps=steps, more=True), facts, outcome)
        if not outcome.steps:
            return Foresight(msgspec.structs.replace(outcome, steps=steps), facts)
        for step in outcome.steps:
            facts = learn(request, facts, step, predicted(request, facts, step))
        steps = (*steps, *outcome.steps)
    return Foresight(Plan(steps=steps, more=True), facts)


def _uploaded(request: Request, facts: Facts, seen: Observation) -> Facts:
    """From now on the workspace's own files decide; until somebody changes them they say the same."""
    before = facts.need(configuration_question(request, facts), ConfigurationFile)
    known = _seen(request, facts, seen)
    return known.answered({configuration_question(request, known): before})


def _locked(facts: Facts, step: WriteLockfile) -> Facts:
    """The configuration with its new lockfile, whether or not the disk took it."""
    found = facts.every(ReadConfiguration, ConfigurationFile)
    lock = step.text.encode()
    return facts.answered({ask: msgspec.structs.replace(file, lock=lock) for ask, file in found.items()})


def _observation(request: Request, facts: Facts) -> Observation:
    question = observe(request)
    return facts.need(question, Observation) if facts.knows(question) else Observation()


def _seen(request: Request, facts: Facts, observation: Observation) -> Facts:
    return facts.answered({observe(request): observation})


def _ways_to_find(reference: str) -> tuple[FindImage, FindImage]:
    return (FindImage(reference=reference), FindImage(reference=reference, fresh=True))


def _found(facts: Facts, reference: str) -> FindImage:
    plain, fresh = _ways_to_find(reference)
    return fresh if facts.knows(fresh) else plain


def _made(step: CreateStack) -> Observation:
    """All of a stack under the names that Compose gives."""
    own = CreateContainer(container=f"{step.stack.project}-{step.stack.service}-1", spec=step.spec)
    made = _created(own)
    if step.start:
        made = msgspec.structs.replace(made, state="running", started_at="a new start")
    return Observation(container=made, beside=tuple((each, made.state) for each in step.stack.services))


def _created(step: CreateContainer, furnished: bool = False) -> Container:
    labels = dict(step.spec.labels) | {names.SPEC: recorded(step.spec)}
    return Container(
        id="a new container",
        name=step.container,
        state="created",
        image=step.spec.image,
        image_id="",
        labels=labels,
        environment=dict(step.spec.environment),
        furnished=furnished,
    )


def _hooks_done(step: RunHooks, seen: Observation) -> Journal:
    started = seen.container.started_at if seen.container else ""
    keys = tuple(
        stage_key(stage.hook, stage.index, started)
        for stage in step.stages
        if stage.hook != "postAttachCommand"
    )
    done = tuple(dict.fromkeys((*seen.journal.done, *keys)))
    dotfiles = seen.journal.dotfiles or step.dotfiles
    return msgspec.structs.replace(seen.journal, done=done, failed="", dotfiles=dotfiles)
