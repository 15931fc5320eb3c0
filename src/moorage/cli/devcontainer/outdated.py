"""`devcontainer outdated`."""

from __future__ import annotations

from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import ended, place_of, printed, reporter_of, run
from moorage.devcontainer.features.outdated import Outdated
from moorage.events import Redacting


@click.command("outdated", cls=ReferenceCommand)
@f.flags(
    f.USER_DATA,
    f.WORKSPACE_FOLDER,
    f.CONFIG,
    (f.choice("output-format", "A table, or JSON.", ("text", "json"), "text"),),
    f.LOGGING,
    f.TERMINAL,
)
def command(**values: Any) -> None:
    """Say which version of each Feature is in use, which the reference allows, and which is the newest."""
    from moorage.compat.reference.features import table

    reporter = reporter_of(values)
    found = run(_outdated(values, reporter), reporter)
    if values["output_format"] == "json":
        printed({"features": found}, reporter)
    else:
        click.echo(table(found))
    ended(0)


async def _outdated(values: dict[str, Any], reporter: Redacting) -> dict[str, Outdated]:
    from moorage.compat.authoring.opening import open_finder
    from moorage.compat.reference.features import asked, versions

    async with open_finder(reporter) as finder:
        return await versions(asked(place_of(values), {}), finder)
