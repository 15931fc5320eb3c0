"""Steps on the workspace's container: create, prepare, start, remove."""

from __future__ import annotations

from moorage.drivers.base import Verdict
from moorage.events import Notice
from moorage.planner.errors import NotSupportedHere
from moorage.planner.facts import Facts
from moorage.planner.learning import Result
from moorage.planner.plan import observe
from moorage.planner.questions import AskEngine
from moorage.planner.request import Request
from moorage.planner.steps import CreateContainer, PrepareContainer, RemoveContainer, StartContainer
from moorage.spec.observation import EngineFacts, Observation
from moorage.workspace.apply.preparation import prepare
from moorage.workspace.site import Site


async def change_container(
    request: Request,
    site: Site,
    facts: Facts,
    step: CreateContainer | PrepareContainer | RemoveContainer | StartContainer,
) -> Result:
    """Do the step. Raises `NameTaken` where another `up` was faster, `NotSupportedHere` before creating."""
    match step:
        case CreateContainer():
            return await _create(request, site, facts, step)
        case PrepareContainer():
            return Result(journal=await prepare(site, _seen(request, facts), step))
        case StartContainer():
            made = _seen(request, facts).container
            name = made.name if made else step.container  # a driver may have named it itself
            await site.driver.start(name)
            seen = await site.driver.observe(name)
            return Result(container=seen.container, journal=seen.journal, volume=seen.volume)
        case RemoveContainer():
            await site.driver.remove(step.container)
            return Result()


def _seen(request: Request, facts: Facts) -> Observation:
    return facts.need(observe(request), Observation)


async def _create(request: Request, site: Site, facts: Facts, step: CreateContainer) -> Result:
    engine = facts.need(AskEngine(), EngineFacts)
    if site.cluster:
        from moorage.workspace.clustered import create  # only a cluster wants to know more

        return Result(container=await create(request, site, site.cluster, facts, step))
    verdict = site.driver.check(step.spec, engine)
    refuse(verdict)
    for text in verdict.warnings:
        site.reporter.emit(Notice(level="warning", code="driver", text=text))
    created = await site.driver.create(step.spec, engine)
    from moorage.builders.engine.folder import sweep  # a killed build's files go, though no build is due now

    sweep()
    return Result(container=created)


def refuse(verdict: Verdict) -> None:
    """Raise what the driver refuses, all reasons at once."""
    if verdict.refusals:
        raise NotSupportedHere(
            "This configuration asks for something that its driver cannot do.",
            evidence=verdict.refusals,
            hint="Change these properties; nothing was created.",
        )
