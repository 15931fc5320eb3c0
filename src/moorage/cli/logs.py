"""`moorage logs` and `moorage why`."""

from __future__ import annotations

import sys
import time
from typing import Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options, workspace_argument
from moorage.cli.report import Output
from moorage.cli.report.plain import failure_lines, harmless
from moorage.cli.run import run
from moorage.cli.table import age
from moorage.events import Failed, Redacting
from moorage.lifecycle.log import Line
from moorage.workspace.find import find_with_container
from moorage.workspace.logs import container_output, follow_hooks, hook_lines, last
from moorage.workspace.why import Cause, why


@click.command("logs", epilog="Example: moorage logs --follow .")
@workspace_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the hooks that are at work are done.")
@click.option("-n", "--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@click.option("--container", "own", is_flag=True, help="What the container's main process printed instead.")
@driver_options
@output_options
def logs_command(workspace: str, **values: Any) -> None:
    """Show what the hooks of WORKSPACE (a name or a source; default: this folder) printed.

    With --output json each line is an object with the run's number, the hook's key and the text.
    """
    output, reporter = opened(values)
    run(_logs(workspace, values, output, reporter), output, reporter)


@click.command("why", epilog="Example: moorage why .")
@click.argument("workspace", default="")
@driver_options
@output_options
def why_command(workspace: str, **values: Any) -> None:
    """Name the cause of the last failure of WORKSPACE (a name or a source; default: the last of all)."""
    output, reporter = opened(values)
    cause = run(_why(workspace, values, reporter), output, reporter)
    if output.result == "json":
        click.echo(msgspec.json.encode(cause))
        return
    click.echo("\n".join(map(harmless, _told(cause, workspace))))


async def _logs(workspace: str, values: dict[str, Any], output: Output, reporter: Redacting) -> None:
    tail = values["tail"]
    async with site_of(values, reporter) as site:
        listed = await find_with_container(workspace, site)
        if values["own"]:
            async for data in container_output(listed.container, site, tail=tail, follow=values["follow"]):
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            return
        seen = await site.driver.observe(listed.container)
        if seen.container is None:
            return
        if values["follow"]:
            async for line in follow_hooks(seen, site, tail=tail):
                _print(line, output)
            return
        lines = await hook_lines(seen.container, site)
        for line in last(lines, tail):
            _print(line, output)
        if not lines:
            click.echo("No hook has run in this container.", err=True)


def _print(line: Line, output: Output) -> None:
    if output.result == "json":
        click.echo(msgspec.json.encode(line))
        return
    text = harmless(line.text)
    click.echo(f"── {text}" if line.heading else text)


async def _why(workspace: str, values: dict[str, Any], reporter: Redacting) -> Cause | None:
    async with site_of(values, reporter) as site:
        return await why(workspace, site)


def _told(cause: Cause | None, workspace: str) -> list[str]:
    if cause is None:
        return [f"Nothing is known to have failed{' in ' + workspace if workspace else ''}."]
    when = f"{age(time.time() - cause.time)} ago" if cause.time else ""
    intro = f"{cause.name} is running; its last failure was {when}:" if cause.past else ""
    about = f"{cause.name}{', ' + when if when else ''}:"
    event = Failed(
        code=cause.code, exit_code=0, message=cause.message, evidence=cause.evidence, hint=cause.hint
    )
    return [intro or about, *failure_lines(event)]
