"""`moorage config`: a configuration as moorage understands it."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options, source_argument
from moorage.cli.report import Output
from moorage.cli.request import request_of
from moorage.cli.run import fail, run
from moorage.cli.table import details, table
from moorage.errors import MoorageError
from moorage.events import Notice, Redacting
from moorage.planner.request import Request
from moorage.workspace.understood import Understood, configurations, understand


@click.command("config", epilog="Example: moorage config . --merged")
@source_argument
@click.option("--config", metavar="ID|PATH", help="Which devcontainer.json, where there are several.")
@click.option("--merged", is_flag=True, help="Merge it over its image's metadata, and say who the user is.")
@click.option("--list", "listed", is_flag=True, help="Only list the configurations that there are.")
@driver_options
@output_options
def config_command(source: str, **values: Any) -> None:
    """Show the configuration of SOURCE: which file, what is odd in it, its values with variables filled in.

    Nothing is changed, and without --merged no engine is asked.
    """
    output, reporter = opened(values)
    try:
        request = request_of(source, {"config": values["config"]})
        if values["listed"]:
            _print_list(request, output)
            return
    except MoorageError as error:
        fail(error, output, reporter)
    found = run(_understand(request, values, reporter), output, reporter)
    if output.result == "json":
        click.echo(msgspec.json.encode(found))
        return
    for warning in found.warnings:
        reporter.emit(Notice(level=warning.level, code=warning.code, text=warning.text, hint=warning.hint))
    _print(found)


async def _understand(request: Request, values: dict[str, Any], reporter: Redacting) -> Understood:
    async with site_of(values, reporter) as site:
        return await understand(request, site, merged=values["merged"])


def _print_list(request: Request, output: Output) -> None:
    found = configurations(request)
    if output.result == "json":
        click.echo(msgspec.json.encode(found))
        return
    click.echo(table([["ID", "FILE"], *([each.id, each.path] for each in found)]))


def _print(found: Understood) -> None:
    click.echo(
        details(
            [
                ("file", found.path),
                ("commit", found.commit),
                ("user", found.remote_user or "the image's own (see --merged)"),
                ("folder", found.workspace_folder),
                ("mount", found.workspace_mount),
                ("devcontainerId", found.devcontainer_id),
            ]
        )
    )
    shown = found.configuration if found.merged is None else found.merged
    click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2))
