"""`devcontainer exec`: a command in a container, with its streams, its terminal and its exit code."""

from __future__ import annotations

import os
from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import ended, place_of, reporter_of, run, site_of
from moorage.events import Redacting


@click.command("exec", cls=ReferenceCommand, verbatim=True)
@f.flags(
    f.USER_DATA,
    f.DOCKER_PATH,
    f.COMPOSE_PATH,
    f.CONTAINER_DATA,
    f.WORKSPACE_FOLDER,
    f.GIT_ROOT,
    f.CONTAINER_ID,
    f.ID_LABEL,
    f.CONFIG,
    f.OVERRIDE,
    f.LOGGING,
    f.TERMINAL,
    f.PROBE,
    f.REMOTE_ENV,
    f.MAPPING,
)
@click.argument("cmd", required=True)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def command(cmd: str, args: tuple[str, ...], **values: Any) -> None:
    """Run CMD in the container, as its remote user, in the project's folder. A stopped one is started."""
    reporter = reporter_of(values, quiet=True)
    ended(run(_execute(values, (cmd, *args), reporter), reporter))


async def _execute(values: dict[str, Any], argv: tuple[str, ...], reporter: Redacting) -> int:
    from moorage.cli.execute import attached
    from moorage.compat.reference.entering import entered, known
    from moorage.compat.reference.request import pairs
    from moorage.workspace.signals import MARK, mark

    terminal = os.isatty(0) and os.isatty(1)
    marked = mark()
    async with site_of(values, reporter) as site:
        given = await known(place_of(values), site)
        if given.container.state != "running":
            from moorage.compat.reference.using import started

            given = await started(given, site)
        session = await entered(
            given, site, probe=values["default_user_env_probe"], layer={**pairs(values["remote_env"])}
        )
        inside = site.driver.inside(session.container.id)
        process = await inside.run(
            session.command(argv),
            user=session.user,
            environment={**_terminal_kind(terminal), **session.environment, **marked},
            folder=session.folder or session.environment.get("HOME", ""),
            terminal=terminal,
            stdin=True,
        )
        try:
            return await attached(process, inside, marked[MARK], session.user, terminal)
        finally:
            await process.close()


def _terminal_kind(terminal: bool) -> dict[str, str]:
    kind = os.environ.get("TERM", "")
    return {"TERM": kind} if terminal and kind else {}
