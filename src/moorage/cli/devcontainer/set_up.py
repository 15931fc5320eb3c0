"""`devcontainer set-up`."""

from __future__ import annotations

from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.run_user_commands import told
from moorage.cli.devcontainer.running import ended, printed, reporter_of, run, site_of
from moorage.events import Redacting


@click.command("set-up", cls=ReferenceCommand)
@f.flags(
    f.DOCKER_PATH,
    f.CONTAINER_DATA,
    (f.text("container-id", "The container, by name or id.", required=True),),
    f.CONFIG,
    f.LOGGING,
    f.TERMINAL,
    f.PROBE,
    f.SKIP_POST_CREATE,
    f.SKIP_NON_BLOCKING,
    f.USER_DATA,
    f.REMOTE_ENV,
    f.DOTFILES,
    f.SESSION_DATA,
    f.INCLUDE,
)
def command(**values: Any) -> None:
    """Make any container a dev container: the hooks of its metadata and of the configuration are run."""
    reporter = reporter_of(values)
    printed(run(_set_up(values, reporter), reporter, told), reporter)
    ended(0)


async def _set_up(values: dict[str, Any], reporter: Redacting) -> dict[str, object]:
    from moorage.compat.reference.entering import known
    from moorage.compat.reference.place import place
    from moorage.compat.reference.upping import included
    from moorage.compat.reference.using import awake, hooks, wishes_of

    async with site_of(values, reporter) as site:
        where = place(None, config=values["config"], container=values["container_id"])
        given = await awake(await known(where, site), site)
        await hooks(given, site, wishes_of(values))
        return {"outcome": "success", **included(where, values, given, given.container, site)}
