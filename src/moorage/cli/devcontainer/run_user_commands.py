"""`devcontainer run-user-commands`."""

from __future__ import annotations

from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import ended, place_of, printed, reporter_of, run, site_of
from moorage.errors import MoorageError
from moorage.events import Redacting


@click.command("run-user-commands", cls=ReferenceCommand)
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
    f.SKIP_NON_BLOCKING,
    f.PREBUILD,
    (f.switch("stop-for-personalization", "Stop after the dotfiles, before postStartCommand."),),
    f.REMOTE_ENV,
    f.SKIP_POST_ATTACH,
    f.DOTFILES,
    f.SESSION_DATA,
    f.SECRETS,
    f.MAPPING,
)
def command(**values: Any) -> None:
    """Run the hooks that are due in a container, whoever made it."""
    reporter = reporter_of(values)
    printed(run(_run(values, reporter), reporter, told), reporter)
    ended(0)


def told(error: MoorageError) -> dict[str, object]:
    """A failure as this command prints it."""
    from moorage.compat.reference.failure import failure

    return failure(error, doing="An error occurred running user commands in the container.")


async def _run(values: dict[str, Any], reporter: Redacting) -> dict[str, object]:
    from moorage.compat.reference.entering import known
    from moorage.compat.reference.using import awake, hooks, wishes_of

    wishes = wishes_of(values)
    reporter.add(value for _, value in wishes.secrets)
    async with site_of(values, reporter) as site:
        given = await awake(await known(place_of(values), site), site)
        return {"outcome": "success", "result": await hooks(given, site, wishes)}
