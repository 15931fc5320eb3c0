"""`moorage exec` and `moorage shell`: a command inside a workspace, as if it were run here."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import click

from moorage.cli.opening import opened, site_of
from moorage.cli.options import complete_name, driver_options, pairs, workspace_argument
from moorage.cli.report import Output
from moorage.cli.run import fail, run
from moorage.cli.streams import OutputClosed, feed, relay
from moorage.drivers.base import Inside, Process
from moorage.errors import MoorageError
from moorage.events import Redacting
from moorage.workspace.session import session
from moorage.workspace.signals import MARK, mark, send

OWN_FAILURE = 125
"""The exit code where moorage itself failed, as `docker run` has it; all others are the command's."""

_FORWARDED = {signal.SIGINT: "INT", signal.SIGTERM: "TERM", signal.SIGHUP: "HUP"}
_SHELL = r"""
shell= id=$(id -u)
while IFS=: read -r _ _ uid _ _ _ entry; do [ "$uid" != "$id" ] || { shell=$entry; break; }; done </etc/passwd
case $shell in */nologin | */false | '') shell=${SHELL:-/bin/sh} ;; esac
[ -x "$shell" ] || shell=/bin/sh
SHELL=$shell
export SHELL
exec "$shell"
"""


class _Misused(click.UsageError):
    exit_code = OWN_FAILURE


class _Command(click.Command):
    """A command whose wrong use is told from the exit code of what it runs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _Misused(error.format_message(), error.ctx) from None


_OPTIONS = (
    click.option("-u", "--user", default="", help="Run as this user [default: remoteUser]."),
    click.option("-w", "--workdir", default="", metavar="FOLDER", help="Run in this folder inside."),
    click.option(
        "-e",
        "--env",
        "--remote-env",
        "env",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set for this command; wins over remoteEnv.",
    ),
    click.option(
        "-t/-T",
        "--tty/--no-tty",
        "terminal",
        default=None,
        help="Give it a terminal [default: where input and output are one].",
    ),
)


@click.command(
    "exec",
    cls=_Command,
    context_settings={"allow_interspersed_args": False},
    epilog="Example: moorage exec . npm test",
)
@_OPTIONS[0]
@_OPTIONS[1]
@_OPTIONS[2]
@_OPTIONS[3]
@driver_options
@click.argument("workspace", shell_complete=complete_name)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_command(workspace: str, command: tuple[str, ...], **values: Any) -> None:
    """Run COMMAND in WORKSPACE (a name or a source), as its remote user, in its folder and environment.

    Options stand before WORKSPACE; all that follows it is the command. A stopped workspace is started first.
    The exit code is the command's; 125 means that moorage itself failed.
    """
    argv = command[1:] if command[0] == "--" else command
    _execute(workspace, argv, values)


@click.command("shell", cls=_Command, epilog="Example: moorage shell .")
@workspace_argument
@_OPTIONS[0]
@_OPTIONS[1]
@_OPTIONS[2]
@_OPTIONS[3]
@driver_options
def shell_command(workspace: str, **values: Any) -> None:
    """Open the remote user's own shell in WORKSPACE (a name or a source; default: this folder)."""
    _execute(workspace, ("/bin/sh", "-c", _SHELL), values)


def _execute(workspace: str, argv: tuple[str, ...], values: dict[str, Any]) -> None:
    output, reporter = opened(values, Output())
    try:
        values["env"] = pairs(values["env"], "--env")
    except MoorageError as error:
        fail(error, output, reporter, OWN_FAILURE)
    code = run(_run(workspace, argv, values, reporter), output, reporter, OWN_FAILURE)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # nothing is left to tidy up, and taking the interpreter apart costs its time


async def _run(workspace: str, argv: tuple[str, ...], values: dict[str, Any], reporter: Redacting) -> int:
    terminal = values["terminal"]
    if terminal is None:
        terminal = os.isatty(0) and os.isatty(1)
    marked = mark()
    async with site_of(values, reporter) as site:
        entered = await session(workspace, site, values["env"], user=values["user"])
        inside = site.driver.inside(entered.container.id)
        process = await inside.run(
            entered.command(argv),
            user=entered.user,
            environment={**_terminal_kind(terminal), **entered.environment, **marked},
            folder=values["workdir"] or entered.folder,
            terminal=terminal,
            stdin=True,
        )
        try:
            return await attached(process, inside, marked[MARK], entered.user, terminal)
        finally:
            await process.close()


async def attached(process: Process, inside: Inside, marked: str, user: str, terminal: bool) -> int:
    """Join the process with our own streams, terminal and signals until it ends."""
    sending = _forward_signals(inside, marked, user)
    helpers: list[asyncio.Future[None]] = [asyncio.ensure_future(feed(process))]
    with _terminal(process, helpers, terminal):
        try:
            await relay(process)
            return await process.wait()
        except OutputClosed:  # as for a local command: nobody reads it, so it ends
            await process.close()  # an engine that cannot write here would not answer anything else
            await send(inside, "PIPE", marked, user=user)
            return 128 + signal.SIGPIPE
        finally:
            for task in (*helpers, *sending):
                task.cancel()


def _forward_signals(inside: Inside, marked: str, user: str) -> set[asyncio.Task[None]]:
    sending: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()

    def forward(name: str) -> None:
        task = loop.create_task(send(inside, name, marked, user=user))
        sending.add(task)
        task.add_done_callback(sending.discard)

    for number, name in _FORWARDED.items():
        loop.add_signal_handler(number, forward, name)
    return sending


def _terminal(
    process: Process, helpers: list[asyncio.Future[None]], terminal: bool
) -> AbstractContextManager[None]:
    if not (terminal and os.isatty(0)):
        return nullcontext()
    from moorage.cli.terminal import follow_size, raw  # only where there is one

    helpers.append(asyncio.ensure_future(follow_size(process)))
    return raw()


def _terminal_kind(terminal: bool) -> dict[str, str]:
    kind = os.environ.get("TERM", "")
    return {"TERM": kind} if terminal and kind else {}
