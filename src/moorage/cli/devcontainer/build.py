"""`devcontainer build`."""

from __future__ import annotations

from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import ended, place_of, printed, reporter_of, run, site_of
from moorage.errors import MoorageError
from moorage.events import Redacting


@click.command("build", cls=ReferenceCommand)
@f.flags(
    f.USER_DATA,
    f.DOCKER_PATH,
    f.COMPOSE_PATH,
    f.WORKSPACE_FOLDER,
    f.CONFIG,
    f.LOGGING,
    (
        f.switch("no-cache", "Build without any cache."),
        f.many("image-name", "A name for the image."),
    ),
    f.BUILDING,
    (
        f.text("platform", "The platform to build for."),
        f.switch("push", "Push to the registry that the name says."),
        f.many("label", "A label for the image."),
        f.text("output", "Where the result goes instead of the engine, as for docker buildx build."),
    ),
    f.FEATURES,
    f.LOCKFILE,
    (
        f.switch(
            "skip-persisting-customizations-from-features",
            "Keep customizations of Features out of the label.",
            hidden=True,
        ),
    ),
    f.SYNTAX,
)
@click.argument("path", required=False)
def command(path: str | None, **values: Any) -> None:
    """Build the image of the project in PATH (default: the current folder), with its metadata."""
    values["workspace_folder"] = values["workspace_folder"] or path
    reporter = reporter_of(values)
    printed(run(_build(values, reporter), reporter, _told), reporter)
    ended(0)


def _told(error: MoorageError) -> dict[str, object]:
    from moorage.compat.reference.failure import failure

    return failure(error, doing="An error occurred building the container.")


async def _build(values: dict[str, Any], reporter: Redacting) -> dict[str, object]:
    from moorage.compat.reference.building import build

    async with site_of(values, reporter) as site:
        return await build(place_of(values), values, site)
