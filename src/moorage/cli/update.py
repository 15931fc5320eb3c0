"""`moorage update`: other values for a workspace that was made from a template."""

from __future__ import annotations

from typing import Any

import click

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options, workspace_argument
from moorage.cli.run import fail, run
from moorage.cli.template_values import asker, given_of, value_options
from moorage.cli.up import limited, shown
from moorage.errors import MoorageError
from moorage.events import Redacting
from moorage.templates.bringing import update
from moorage.templates.choosing import Given
from moorage.workspace.up import Up


@click.command("update", epilog="Example: moorage update project --parameter memory=8")
@workspace_argument
@value_options
@click.option("--template", metavar="NAME", help="Go on with this template instead.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Give up after so many seconds.")
@driver_options
@output_options
def update_command(workspace: str, **values: Any) -> None:
    """Change parameters of WORKSPACE (a name or a source; default: this folder), or follow its template.

    Where something differs the container is made anew; its files stay. One that is stopped is started. What
    is fixed when a workspace is made is refused.
    """
    output, reporter = opened(values)
    try:
        given = given_of(values)
    except MoorageError as error:
        fail(error, output, reporter)
    where = "" if values["driver"] == "docker" else f"--driver {values['driver']}"
    placed = (f"-o {name}={value}" for name, value in values["driver_options"].items())
    result = run(_update(workspace, given, values, reporter), output, reporter)
    shown(result, output, " ".join((where, *placed)).strip())


async def _update(text: str, given: Given, values: dict[str, Any], reporter: Redacting) -> Up:
    async with site_of(values, reporter) as site:
        work = update(text, given, site, asker(), values["template"] or "")
        return await limited(work, values["timeout"])
