"""`moorage build`: the image of a configuration, without a workspace."""

from __future__ import annotations

import time
from typing import Any

import click
import msgspec

from moorage.cli.options import driver_options, output_options, source_argument
from moorage.cli.report.plain import json_text
from moorage.cli.request import asked
from moorage.cli.request_options import build_options, request_options
from moorage.cli.run import run
from moorage.events import Redacting
from moorage.planner.request import Request
from moorage.workspace.build import Image, build
from moorage.workspace.opening import open_site


@click.command("build", epilog="Example: moorage build . --repository registry.example.com/team/app --push")
@source_argument
@request_options
@build_options
@click.option("--no-cache", is_flag=True, help="Execute every instruction anew.")
@click.option("--pull", is_flag=True, help="Ask the registry for newer base images.")
@click.option("--repository", metavar="NAME", help="Name the image NAME:<key>, in place of moorage's own.")
@click.option("--push", is_flag=True, help="Push the image to --repository, unless it is there already.")
@click.option("--cache-from", multiple=True, metavar="CACHE", help="Where the builder finds its cache.")
@click.option("--cache-to", multiple=True, metavar="CACHE", help="Where the builder keeps its cache.")
@driver_options
@output_options
def build_command(source: str, **values: Any) -> None:
    """Build the image of SOURCE's configuration under its key, if there is none of that key.

    A configuration that only names an image has it pulled.
    """
    request, driver, options, output, reporter = asked(source, values)
    started = time.monotonic()
    image = run(_build(request, reporter, driver, options, push=values["push"]), output, reporter)
    if output.result == "json":
        click.echo(json_text({"outcome": "success", **msgspec.to_builtins(image)}))
        return
    seconds = time.monotonic() - started
    click.echo(f"{image.reference}  {'built' if image.built else 'unchanged'} in {seconds:.1f} s")


async def _build(
    request: Request, reporter: Redacting, driver: str, options: dict[str, str], *, push: bool
) -> Image:
    async with open_site(reporter, driver=driver, options=options) as site:
        return await build(request, site, push=push)
