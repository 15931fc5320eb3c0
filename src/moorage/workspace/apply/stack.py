"""Steps on a Compose project: create it, start it."""

from __future__ import annotations

from moorage.events import LogLine, Notice
from moorage.planner.facts import Facts
from moorage.planner.learning import Result
from moorage.planner.questions import AskEngine
from moorage.planner.request import Request
from moorage.planner.steps import CreateStack, StartStack
from moorage.spec.observation import EngineFacts
from moorage.workspace.apply.container import refuse
from moorage.workspace.site import Site


async def change_stack(request: Request, site: Site, facts: Facts, step: CreateStack | StartStack) -> Result:
    """Do the step and look at what there is. Raises `NotSupportedHere`, and as Compose does."""
    stacks = site.driver.stacks(site.cache / "compose")

    def tell(line: str) -> None:
        site.reporter.emit(LogLine(step=str(step.__struct_config__.tag), text=line))

    engine = await _engine(site, facts)
    if isinstance(step, CreateStack):
        verdict = site.driver.check(step.spec, engine)
        refuse(verdict)
        for text in verdict.warnings:
            site.reporter.emit(Notice(level="warning", code="driver", text=text))
        await stacks.create(step.spec, engine, tell, replace=step.replace, start=step.start)
    else:
        await stacks.start(step.spec, engine, tell)
    seen = await site.driver.observe(request.handle, workspace=request.workspace)
    return Result(seen=seen)


async def _engine(site: Site, facts: Facts) -> EngineFacts:
    question = AskEngine()
    return facts.need(question, EngineFacts) if facts.knows(question) else await site.facts()
