"""`moorage plan`: what `up` would do, and why; nothing is changed."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from moorage.cli.options import driver_options, output_options, source_argument
from moorage.cli.report.plain import harmless, harmless_json
from moorage.cli.request import asked
from moorage.cli.request_options import build_options, request_options
from moorage.cli.run import run
from moorage.drivers.base import Verdict
from moorage.events import Redacting
from moorage.planner.plan import Plan
from moorage.planner.request import Request
from moorage.planner.steps import BuildImage, CreateContainer, CreateStack, RunHooks, RunInitialize, Step
from moorage.workspace.opening import open_site
from moorage.workspace.up import foresee


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, what the driver says of it, and what it would send to the engine (values left out)."""

    plan: Plan
    verdict: Verdict
    rendered: dict[str, object]


@click.command("plan", epilog="Example: moorage plan . --recreate")
@source_argument
@request_options
@build_options
@click.option("--recreate", is_flag=True, help="Plan for a new container.")
@click.option("--rebuild", is_flag=True, help="Plan for a new image and a new container.")
@click.option("--objects", is_flag=True, help="Also print what would be sent to the engine.")
@driver_options
@output_options
def plan_command(source: str, **values: Any) -> None:
    """Show the steps that `up` would take for SOURCE, each with its reason. Changes nothing.

    Steps behind one whose result is not known yet (a build, initializeCommand) are a forecast.
    """
    request, driver, options, output, reporter = asked(source, values)
    found = run(_plan(request, reporter, driver, options), output, reporter)
    if output.result == "json":
        click.echo(
            harmless_json(
                reporter.text(msgspec.json.encode(as_json(found, objects=values["objects"])).decode())
            )
        )
        return
    for line in as_lines(found):
        click.echo(harmless(reporter.text(line)))
    if values["objects"]:
        click.echo(reporter.text(_objects(found.rendered)))


async def _plan(request: Request, reporter: Redacting, driver: str, options: dict[str, str]) -> Foreseen:
    async with open_site(reporter, driver=driver, options=options) as site:
        plan = await foresee(request, site)
        created = next((step for step in plan.steps if isinstance(step, CreateContainer | CreateStack)), None)
        if created is None:
            return Foreseen(plan=plan, verdict=Verdict(), rendered={})
        engine = await site.facts()
        if site.cluster:
            from moorage.workspace.clustered import known_of  # as for `up`, where it is a cluster

            known = await known_of(request, site, site.cluster, created.spec)
            verdict = site.cluster.check(created.spec, engine, known)
            rendered = {} if verdict.refusals else site.cluster.render(created.spec, engine, known)
            return Foreseen(plan=plan, verdict=verdict, rendered=rendered)
        verdict = site.driver.check(created.spec, engine)
        rendered = {} if verdict.refusals else site.driver.render(created.spec, engine)
        return Foreseen(plan=plan, verdict=verdict, rendered=_without_values(rendered))


def _objects(rendered: dict[str, object]) -> str:
    """A cluster's manifests as YAML, an engine's request as JSON."""
    if rendered.get("kind") != "List":
        return harmless_json(msgspec.json.format(msgspec.json.encode(rendered), indent=2).decode())
    from moorage.drivers.kubernetes.render import shown  # only for a cluster

    return harmless(shown(msgspec.convert(rendered["items"], list[dict[str, object]])))


def as_lines(found: Foreseen) -> list[str]:
    """The plan for a person."""
    lines = [f"refused: {reason}" for reason in found.verdict.refusals]
    lines += [f"warning: {reason}" for reason in found.verdict.warnings]
    lines += [f"differs: {difference.text}" for difference in found.plan.differences]
    if not found.plan.steps:
        return [*lines, "Nothing to do: the workspace is as it should be."]
    foreseen = False
    for number, step in enumerate(found.plan.steps, 1):
        lines.append(f"{number}. {step.title}" + (f"  — {step.reason}" if step.reason else ""))
        lines += [f"   {detail}" for detail in _details(step)]
        if isinstance(step, RunInitialize | BuildImage) and not foreseen:
            lines.append("   (what follows is a forecast: it depends on the result of this step)")
            foreseen = True
    return [*lines, "Nothing was changed."]


def as_json(found: Foreseen, *, objects: bool) -> dict[str, object]:
    """The plan for a program; environment values are left out."""
    steps = [
        {"step": str(step.__struct_config__.tag), "title": step.title, "reason": step.reason}
        for step in found.plan.steps
    ]
    body: dict[str, object] = {
        "outcome": "success",
        "steps": steps,
        "complete": not found.plan.more,
        "differences": [difference.text for difference in found.plan.differences],
        "warnings": [*found.plan.warnings, *found.verdict.warnings],
        "refusals": list(found.verdict.refusals),
    }
    return {**body, "objects": found.rendered} if objects else body


def _details(step: Step) -> list[str]:
    match step:
        case RunHooks():
            return [
                f"{command.hook}{f' [{command.key}]' if command.key else ''}: {' '.join(command.argv)}"
                for stage in step.stages
                for command in stage.commands
                if f"{stage.hook}:{stage.index}" in step.keys
            ]
        case RunInitialize():
            return [" ".join(command.argv) for command in step.stage.commands]
        case CreateContainer():
            return [f"image {step.spec.image}"]
        case CreateStack():
            built = [f"builds {name}" for name in step.stack.builds]
            return [f"{step.stack.service}: image {step.spec.image}", *built]
        case _:
            return []


def _without_values(rendered: dict[str, object]) -> dict[str, object]:
    """Environment by name only: a plan is shown and stored, values may be secrets (design promise 7)."""
    shown = dict(rendered)
    environment = shown.get("Env")
    if isinstance(environment, list):
        shown["Env"] = [f"{str(entry).partition('=')[0]}=…" for entry in environment]
    return shown
