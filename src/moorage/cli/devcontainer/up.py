"""`devcontainer up`."""

from __future__ import annotations

from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import ended, place_of, printed, reporter_of, run, site_of
from moorage.events import Redacting


@click.command("up", cls=ReferenceCommand)
@f.flags(
    f.DOCKER_PATH,
    f.COMPOSE_PATH,
    f.CONTAINER_DATA,
    f.WORKSPACE_FOLDER,
    (
        f.choice(
            "workspace-mount-consistency",
            "Accepted; it means nothing on Linux.",
            ("consistent", "cached", "delegated"),
            "cached",
        ),
        f.choice("gpu-availability", "Whether there is a GPU.", ("all", "detect", "none"), "detect"),
    ),
    f.GIT_ROOT,
    f.ID_LABEL,
    f.CONFIG,
    f.OVERRIDE,
    f.LOGGING,
    f.TERMINAL,
    f.PROBE,
    (
        f.choice(
            "update-remote-user-uid-default",
            "Whether the remote user gets this user's ids, where the file does not say.",
            ("never", "on", "off"),
            "on",
        ),
        f.switch("remove-existing-container", "Make a new container, even if there is one."),
        f.switch("build-no-cache", "Build without any cache, where there is no container."),
        f.switch("expect-existing-container", "Fail where there is no container."),
    ),
    f.SKIP_POST_CREATE,
    f.SKIP_NON_BLOCKING,
    f.PREBUILD,
    f.USER_DATA,
    f.MOUNTS,
    f.REMOTE_ENV,
    f.BUILDING,
    f.FEATURES,
    f.SKIP_POST_ATTACH,
    f.DOTFILES,
    f.SESSION_DATA,
    f.SECRETS,
    f.LOCKFILE,
    f.INCLUDE,
    (f.switch("omit-config-remote-env-from-metadata", "Keep remoteEnv out of the label.", hidden=True),),
    f.SYNTAX,
)
def command(**values: Any) -> None:
    """Make and run the dev container of a project, or use the one that there is."""
    from moorage.compat.reference.upping import told

    reporter = reporter_of(values)
    printed(run(_up(values, reporter), reporter, told), reporter)
    ended(0)


async def _up(values: dict[str, Any], reporter: Redacting) -> dict[str, object]:
    from moorage.compat.reference.request import secrets_of
    from moorage.compat.reference.upping import up

    reporter.add(value for _, value in secrets_of(values))
    async with site_of(values, reporter) as site:
        return await up(place_of(values), values, site)
