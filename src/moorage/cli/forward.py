"""`moorage forward`."""

from __future__ import annotations

import asyncio
from typing import Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options, workspace_argument
from moorage.cli.report import Output
from moorage.cli.report.plain import harmless
from moorage.cli.run import fail, run
from moorage.errors import MoorageError, UsageError
from moorage.events import Redacting
from moorage.workspace import forward
from moorage.workspace.forward import LOCAL, Open
from moorage.workspace.ports import parse, wanted
from moorage.workspace.session import session


class NoPorts(UsageError):
    """Neither the command line nor the configuration names a port."""

    code = "no-ports"


@click.command("forward", epilog="Example: moorage forward . 8080:3000")
@workspace_argument
@click.argument("ports", nargs=-1, metavar="[PORT | LOCAL:PORT | HOST:PORT]...")
@driver_options
@output_options
def forward_command(workspace: str, ports: tuple[str, ...], **values: Any) -> None:
    """Open ports of WORKSPACE (a name or a source; default: this folder) on 127.0.0.1 of this machine.

    Without ports those of forwardPorts. HOST:PORT is a port of another machine that the workspace reaches.
    With --output json one line for each open port. Ends with Ctrl-C.
    """
    output, reporter = opened(values)
    try:
        for text in ports:
            parse(text)
    except MoorageError as error:
        fail(error, output, reporter)
    run(_forward(workspace, ports, values, output, reporter), output, reporter)


async def _forward(
    workspace: str, ports: tuple[str, ...], values: dict[str, Any], output: Output, reporter: Redacting
) -> None:
    async with site_of(values, reporter) as site:
        entered = await session(workspace, site)
        forwards = wanted(entered.merged, ports)
        if not forwards:
            raise NoPorts(
                "There is no port to forward.",
                hint="Name one, such as 3000 or 8080:3000, or list it in forwardPorts of devcontainer.json.",
            )
        way = await forward.carrier(entered, site, forwards)
        async with forward.opened(forwards, way) as found:
            for each in found:
                _print(each, output)
            if output.result == "text" and not output.quiet:
                click.echo("Press Ctrl-C to end.", err=True)
            await _until_interrupted()


async def _until_interrupted() -> None:
    """Ctrl-C is how this command ends, so it is no failure."""
    import signal

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()


def _print(opened: Open, output: Output) -> None:
    each = opened.wanted
    if output.result == "json":
        wanted = {**msgspec.structs.asdict(each), "wanted": each.local}
        body = {**wanted, "address": LOCAL, "local": opened.local, "through": opened.through}
        click.echo(msgspec.json.encode(body))
        return
    scheme = f"{each.protocol}://" if each.protocol else ""
    label = f"  {each.label}" if each.label else ""
    instead = "" if opened.local == each.local else f"  (instead of {each.local}, which is in use)"
    click.echo(harmless(f"{scheme}{LOCAL}:{opened.local} → {each.place}{label}{instead}"))
