"""`moorage config`: a configuration as moorage understands it."""

from __future__ import annotations

import shlex
from typing import Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options, source_argument
from moorage.cli.report.plain import json_text
from moorage.cli.request import request_of
from moorage.cli.run import fail, run
from moorage.cli.table import details, table
from moorage.devcontainer.discovery import Candidate
from moorage.devcontainer.lifecycle import Command
from moorage.errors import MoorageError
from moorage.events import Notice, Redacting
from moorage.planner.request import Request
from moorage.workspace.understood import Understood, configurations, understand


@click.command("config", epilog="Example: moorage config . --merged")
@source_argument
@click.option("--name", help="The workspace's name, where it has one of its own.")
@click.option("--config", metavar="ID|PATH", help="Which devcontainer.json, where there are several.")
@click.option("--merged", is_flag=True, help="Merge it over its image's metadata, and say who the user is.")
@click.option("--list", "listed", is_flag=True, help="Only list the configurations that there are.")
@driver_options
@output_options
def config_command(source: str, **values: Any) -> None:
    """Show the configuration of SOURCE: which file, what is odd in it, and what follows from it.

    Values are in --output json only. Nothing is changed, and without --merged no engine is asked.
    """
    output, reporter = opened(values)
    try:
        request = request_of(source, values)
    except MoorageError as error:
        fail(error, output, reporter)
    if values["listed"]:
        there = run(_configurations(request, values, reporter), output, reporter)
        if output.result == "json":
            click.echo(json_text({"outcome": "success", "configurations": there}))
        else:
            click.echo(table([["ID", "FILE"], *([each.id, each.path] for each in there)]))
        return
    found = run(_understand(request, values, reporter), output, reporter)
    if output.result == "json":
        click.echo(json_text({"outcome": "success", **msgspec.to_builtins(found)}))
        return
    for warning in found.warnings:
        reporter.emit(Notice(level=warning.level, code=warning.code, text=warning.text, hint=warning.hint))
    click.echo(details(_lines(found)))


async def _configurations(
    request: Request, values: dict[str, Any], reporter: Redacting
) -> tuple[Candidate, ...]:
    async with site_of(values, reporter) as site:
        return await configurations(request, site)


async def _understand(request: Request, values: dict[str, Any], reporter: Redacting) -> Understood:
    async with site_of(values, reporter) as site:
        return await understand(request, site, merged=values["merged"])


def _lines(found: Understood) -> list[tuple[str, str]]:
    return [
        ("file", found.path),
        ("commit", found.commit),
        ("workspace", f"{found.name} ({found.workspace})"),
        ("devcontainerId", found.devcontainer_id),
        (found.kind, found.made_from),
        ("user", found.remote_user or "the image's own (see --merged)"),
        ("folder", found.workspace_folder),
        *(("mount", mount) for mount in (found.workspace_mount, *found.mounts)),
        ("containerEnv", ", ".join(found.container_env)),
        ("remoteEnv", ", ".join(found.remote_env)),
        ("forwardPorts", ", ".join(str(port) for port in found.forward_ports)),
        *(_hook(command) for stage in found.hooks for command in stage.commands),
        ("waitFor", found.wait_for),
    ]


def _hook(command: Command) -> tuple[str, str]:
    key = f"{command.key}: " if command.key else ""
    origin = "" if command.origin == "devcontainer.json" else f"  (from {command.origin})"
    return command.hook, f"{key}{_program(command.argv)}{origin}"


def _program(argv: tuple[str, ...]) -> str:
    """As it is written: a shell's line, or a program with its arguments."""
    is_line = len(argv) == 3 and argv[:2] == ("/bin/sh", "-c")
    return argv[2] if is_line else shlex.join(argv)
