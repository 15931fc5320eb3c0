"""`moorage up`: from a source to a running workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import click

from moorage.cli.options import driver_options, output_options, source_argument
from moorage.cli.report import Output
from moorage.cli.report.plain import harmless, json_text
from moorage.cli.request import asked
from moorage.cli.request_options import build_options, request_options
from moorage.cli.run import run
from moorage.errors import DeadlineError
from moorage.events import Redacting
from moorage.planner.request import Request
from moorage.workspace.opening import open_site
from moorage.workspace.up import Up, up


class UpTimedOut(DeadlineError):
    """--timeout was over before the workspace was up."""

    code = "up-timeout"


@click.command("up", epilog="Example: moorage up https://github.com/org/project --name project")
@source_argument
@request_options
@build_options
@click.option("--recreate", is_flag=True, help="Make a new container, even if there is one.")
@click.option("--rebuild", is_flag=True, help="Build the image anew and make a new container.")
@click.option("--shell", is_flag=True, help="Open a shell in the workspace when it is up.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Give up after so many seconds.")
@driver_options
@output_options
def up_command(source: str, **values: Any) -> None:
    """Bring the workspace of SOURCE about: a folder (default: this one), a Git URL, or an image.

    Run again it goes on where it was interrupted; where nothing changed it does nothing.
    """
    request, driver, options, output, reporter = asked(source, values)
    work = _up(request, reporter, driver, options, values["timeout"])
    result = run(work, output, reporter)
    shown(result, output)
    if values["shell"]:
        from moorage.cli.execute import shell_command

        where = ["--driver", driver, *(f"--option={name}={value}" for name, value in options.items())]
        shell_command.main(args=[*where, result.name], prog_name="moorage shell")


def shown(result: Up, output: Output, where: str = "") -> None:
    """Print what is up; `where` are the options that later commands on it need."""
    if output.result == "json":
        import msgspec

        body = {"outcome": "success", **msgspec.to_builtins(result)}
        click.echo(json_text(body))
        return
    name = f"{where} {result.name}".strip()
    what = "is up" if result.steps else "was up already"
    click.echo(harmless(f"Workspace {result.name} {what}: {result.remote_user} in {result.remote_folder}"))
    if result.background:
        click.echo(f"Hooks go on in the background; follow them with: moorage logs --follow {name}")
    if not output.quiet:
        click.echo(f"Enter it with: moorage shell {name}")


async def limited(work: Awaitable[Up], timeout: float | None) -> Up:
    """The work within so many seconds. Raises UpTimedOut."""
    try:
        async with asyncio.timeout(timeout):
            return await work
    except TimeoutError as error:
        raise UpTimedOut(
            f"The workspace was not up within {timeout:g} seconds.",
            hint="Run the command again to go on where it stopped, with a larger --timeout.",
        ) from error


async def _up(
    request: Request, reporter: Redacting, driver: str, options: dict[str, str], timeout: float | None
) -> Up:
    async with open_site(reporter, driver=driver, options=options) as site:
        return await limited(up(request, site), timeout)
