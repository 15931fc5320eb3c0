"""`devcontainer upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import ended, place_of, reporter_of, run
from moorage.events import Redacting


@click.command("upgrade", cls=ReferenceCommand)
@f.flags(
    f.WORKSPACE_FOLDER,
    (
        f.text("docker-path", "Accepted; no engine is needed.", "docker"),
        f.text("docker-compose-path", "Accepted; Compose is not needed.", "docker-compose"),
    ),
    f.CONFIG,
    (
        f.choice("log-level", "How much is told.", ("error", "info", "debug", "trace"), "info"),
        f.switch("dry-run", "Print the lockfile instead of writing it.", None),
    ),
)
@click.option("-f", "--feature", hidden=True, help="Move this Feature to --target-version first.")
@click.option("-v", "--target-version", hidden=True, help="The version to move it to.")
def command(**values: Any) -> None:
    """Write the lockfile anew, with the newest versions that the configuration allows."""
    if bool(values["feature"]) != bool(values["target_version"]):
        raise click.UsageError(
            "The '--target-version' and '--feature' flag must be used together.", click.get_current_context()
        )
    reporter = reporter_of(values)
    printed = run(_upgrade(values, reporter), reporter)
    if printed:
        click.echo(printed, nl=False)
    ended(0)


async def _upgrade(values: dict[str, Any], reporter: Redacting) -> str:
    """The lockfile's text in a dry run; else it is written, and so is the changed configuration."""
    from moorage.compat.authoring.opening import open_finder
    from moorage.compat.reference.features import asked, upgraded
    from moorage.devcontainer.features.lockfile import lockfile_path, write

    place = place_of(values)
    changed = _retargeted(values)
    async with open_finder(reporter) as finder:
        lockfile = await upgraded(asked(place, {}, changed=changed), finder)
    if values["dry_run"]:
        return write(lockfile)
    if changed is not None:
        Path(place.config).write_text(changed, encoding="utf-8", errors="surrogateescape")
    Path(lockfile_path(place.config)).write_text(write(lockfile), encoding="utf-8")
    return ""


def _retargeted(values: dict[str, Any]) -> str | None:
    """The configuration's text with the Feature at another version; None where none is to move."""
    if not values["feature"]:
        return None
    from moorage.compat.reference.place import text
    from moorage.devcontainer.features.upgrade import retarget
    from moorage.devcontainer.jsonc import parse

    place = place_of(values)
    return retarget(parse(text(place), place.config), values["feature"], values["target_version"])
