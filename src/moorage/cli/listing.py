"""`moorage list` and `moorage status`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options, workspace_argument
from moorage.cli.report.plain import json_text
from moorage.cli.run import run
from moorage.cli.table import age, details, table
from moorage.drivers.base import Listed
from moorage.events import Redacting
from moorage.spec.template import Value
from moorage.workspace.find import place, shown_source
from moorage.workspace.status import Hooks, Status, status


@click.command("list", epilog="Example: moorage list --output json")
@click.option("--all-owners", is_flag=True, help="Those of other users of this engine too.")
@driver_options
@output_options
def list_command(**values: Any) -> None:
    """List workspaces: what the engine's own labels tell, in one look."""
    output, reporter = opened(values)
    listed = run(_list(values, reporter), output, reporter)
    if output.result == "json":
        click.echo(json_text([_plain(each) for each in listed]))
        return
    if not listed:
        click.echo("There is no workspace yet. Make one with: moorage up .", err=True)
        return
    click.echo(table(_rows(listed, owners=values["all_owners"])))


@click.command("status", epilog="Example: moorage status .")
@workspace_argument
@driver_options
@output_options
def status_command(workspace: str, **values: Any) -> None:
    """Show WORKSPACE (a name or a source; default: this folder) in detail: state, image, hooks, ports."""
    output, reporter = opened(values)
    found = run(_status(workspace, values, reporter), output, reporter)
    if output.result == "json":
        click.echo(json_text(found))
        return
    click.echo(details(_described(found)))


async def _list(values: dict[str, Any], reporter: Redacting) -> tuple[Listed, ...]:
    async with site_of(values, reporter) as site:
        listed = await site.driver.list()
        me = place(site.environment).owner
        return listed if values["all_owners"] else tuple(each for each in listed if each.owner == me)


async def _status(workspace: str, values: dict[str, Any], reporter: Redacting) -> Status:
    async with site_of(values, reporter) as site:
        return await status(workspace, site)


def _plain(listed: Listed) -> dict[str, object]:
    body = msgspec.structs.asdict(listed)
    del body["labels"]
    return {**body, "source": shown_source(listed)}


def _rows(listed: Sequence[Listed], *, owners: bool) -> list[list[str]]:
    now = time.time()
    rows = [["NAME", "STATE", "SOURCE", "AGE", *(["OWNER"] if owners else [])]]
    for each in listed:
        since = age(now - each.created) if each.created else ""
        row = [each.name or each.workspace, each.state, shown_source(each), since]
        rows.append([*row, *([each.owner] if owners else [])])
    return rows


def _described(found: Status) -> list[tuple[str, str]]:
    shown = ((name, value) for name, value in found.parameters.items() if value not in (None, "", ()))
    ended = f", exit code {found.exit_code}" if found.state in ("exited", "dead") else ""
    return [
        ("name", found.name),
        ("state", found.state + ended),
        ("source", found.source),
        ("configuration", found.configuration),
        ("commit", found.commit),
        ("image", found.image),
        ("user", found.user),
        ("folder", found.folder),
        ("ports", ", ".join(str(port) for port in found.forward_ports)),
        ("created", f"{age(time.time() - found.created)} ago" if found.created else ""),
        ("started", found.started.partition(".")[0].replace("T", " ")),
        ("container", found.container),
        ("id", found.workspace),
        ("owner", found.owner),
        ("template", found.template),
        ("parameters", ", ".join(f"{name}={_written(value)}" for name, value in shown)),
        *_hooks(found.hooks),
    ]


def _written(value: Value) -> str:
    return ",".join(value) if isinstance(value, tuple) else json_text(value).strip('"')


def _hooks(hooks: Hooks) -> list[tuple[str, str]]:
    done = dict.fromkeys(key.partition(":")[0] for key in hooks.done if "Command" in key)
    failed = f"{hooks.failed.partition('@')[0]} (exit code {hooks.exit_code})" if hooks.failed else ""
    return [
        ("hooks done", ", ".join(done)),
        ("hook failed", failed),
        ("hooks running", "yes" if hooks.running else ""),
    ]
