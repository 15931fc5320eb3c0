"""`moorage template up`: from a template and values to a running workspace."""

from __future__ import annotations

import os
from typing import Any

import click

from moorage.cli.completion import complete_template
from moorage.cli.options import output_of, output_options, pairs
from moorage.cli.request import request_of, secrets_of
from moorage.cli.request_options import build_options, request_options
from moorage.cli.run import fail, open_reporter, run
from moorage.cli.template_values import asker, given_of, value_options
from moorage.cli.up import limited, shown
from moorage.errors import MoorageError
from moorage.events import Redacting
from moorage.planner.request import Request
from moorage.templates import folders
from moorage.templates.bringing import Decided, bring_up, decide
from moorage.templates.template import Template
from moorage.workspace.opening import open_site
from moorage.workspace.up import Up

_PLACE = (
    "path",
    "useKubeconfig",
    "config",
    "context",
    "host",
    "certificateAuthority",
    "tokenFile",
    "namespace",
)
"""The options by which other commands find the workspace again."""


@click.command("up", epilog="Example: moorage template up docker-devcontainer --parameter repo=URL")
@click.argument("reference", metavar="NAME", shell_complete=complete_template)
@value_options
@request_options
@build_options
@click.option("--recreate", is_flag=True, help="Make a new container, even if there is one.")
@click.option("--rebuild", is_flag=True, help="Build the image anew and make a new container.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Give up after so many seconds.")
@click.option(
    "-o",
    "--option",
    "driver_options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the driver, in place of the template's.",
)
@output_options
def up_command(reference: str, **values: Any) -> None:
    """Bring a workspace about from the template NAME.

    What has no value is asked for on a terminal. The values stay with the workspace: a further run
    goes on with them, and what is given then changes them, as `moorage update` does.
    """
    output = output_of(values)
    reporter = open_reporter(output)
    try:
        template = folders.load(reference, os.environ)
        decided = decide(template, given_of(values), None, asker())
        config = values["config"] or decided.work.config
        request = request_of(decided.work.record.source, {**values, "config": config})
        reporter.add(secrets_of(request))
        options = {**decided.work.record.options, **pairs(values["driver_options"], "-o")}
    except MoorageError as error:
        fail(error, output, reporter)
    work = _up(template, decided, request, options, reporter, values["timeout"])
    shown(run(work, output, reporter), output, _where(template, options))


async def _up(
    template: Template,
    decided: Decided,
    request: Request,
    options: dict[str, str],
    reporter: Redacting,
    timeout: float | None,
) -> Up:
    async with open_site(reporter, driver=template.driver, options=options) as site:
        return await limited(bring_up(template, decided, request, site), timeout)


def _where(template: Template, options: dict[str, str]) -> str:
    """What the commands after this one are given."""
    driver = "" if template.driver == "docker" else f"--driver {template.driver}"
    placed = (f"-o {name}={options[name]}" for name in _PLACE if options.get(name))
    return " ".join((driver, *placed)).strip()
