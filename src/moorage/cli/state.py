"""`moorage start`, `stop`, `restart` and `delete`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from moorage.cli.opening import opened, site_of
from moorage.cli.options import F, complete_name, driver_options, output_options
from moorage.cli.report import Output
from moorage.cli.report.plain import harmless, json_text
from moorage.cli.run import fail, run
from moorage.drivers.base import Listed
from moorage.errors import MoorageError, RefusedError, UsageError
from moorage.events import Redacting, failed
from moorage.workspace.find import shown_source
from moorage.workspace.state import Change, Changed, change, chosen, delete, restart, start, stop


class NoneNamed(UsageError):
    """Neither a workspace was named, nor all."""

    code = "none-named"


class NotConfirmed(RefusedError):
    """The question before a deletion was not answered with yes."""

    code = "not-confirmed"


def _workspaces(command: F) -> F:
    return click.argument("workspaces", nargs=-1, metavar="WORKSPACE...", shell_complete=complete_name)(
        command
    )


_all = click.option("--all", "everything", is_flag=True, help="All workspaces of yours.")


@click.command("start", epilog="Example: moorage start project")
@_workspaces
@driver_options
@output_options
def start_command(workspaces: tuple[str, ...], **values: Any) -> None:
    """Start stopped workspaces, by name or source, and run their start hooks."""
    _command(workspaces, values, start, "Start")


@click.command("stop", epilog="Example: moorage stop --all")
@_workspaces
@_all
@driver_options
@output_options
def stop_command(workspaces: tuple[str, ...], **values: Any) -> None:
    """Stop workspaces, by name or source, and wait until they have. Their files stay."""
    _command(workspaces, values, stop, "Stop")


@click.command("restart", epilog="Example: moorage restart project")
@_workspaces
@driver_options
@output_options
def restart_command(workspaces: tuple[str, ...], **values: Any) -> None:
    """Stop workspaces, by name or source, and start them again with their start hooks."""
    _command(workspaces, values, restart, "Restart")


@click.command("delete", epilog="Example: moorage delete --yes project")
@_workspaces
@_all
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@driver_options
@output_options
def delete_command(workspaces: tuple[str, ...], **values: Any) -> None:
    """Remove workspaces, by name or source, with their containers, volumes and networks.

    What was cloned into a volume goes with it, also changes that were not pushed. A local folder stays, and
    so do images (`moorage gc`). On a terminal it asks first.
    """
    _command(workspaces, values, delete, "Delete")


def _command(workspaces: tuple[str, ...], values: dict[str, Any], work: Change, title: str) -> None:
    output, reporter = opened(values)
    if not workspaces and not values.get("everything"):
        hint = f"Name it, or give `.` for the one of this folder: moorage {work.__name__} ."
        fail(NoneNamed(f"{title} which workspace?", hint=hint), output, reporter)
    results, failures = run(_work(workspaces, values, reporter, work, title), output, reporter)
    _print(results, output)
    for failure in failures[:-1]:
        reporter.emit(failed(failure))
    if failures:
        fail(failures[-1], Output(log=output.log), reporter)


async def _work(
    workspaces: tuple[str, ...], values: dict[str, Any], reporter: Redacting, work: Change, title: str
) -> tuple[tuple[Changed, ...], tuple[MoorageError, ...]]:
    async with site_of(values, reporter) as site:
        found = await chosen(workspaces, site, everything=values.get("everything", False))
        if work is delete and found and not values["yes"] and os.isatty(0) and os.isatty(2):
            _confirm(found)
        return await change(found, site, work, title)


def _confirm(found: Sequence[Listed]) -> None:
    for each in found:
        click.echo(harmless(f"{each.name or each.workspace}  {each.state}  {shown_source(each)}"), err=True)
    if not click.confirm("Delete with all that belongs to it?", err=True):
        raise NotConfirmed("Nothing was deleted.", hint="Answer y, or give --yes.")


def _print(results: tuple[Changed, ...], output: Output) -> None:
    if output.result == "json":
        click.echo(json_text(results))
        return
    for each in results:
        removed = f": {', '.join(each.removed)}" if each.removed else ""
        click.echo(harmless(f"{each.name or each.workspace}  {each.outcome}{removed}"))
    if not results:
        click.echo("There is nothing to do.", err=True)
