"""`moorage sync`."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options, workspace_argument
from moorage.cli.report import Output
from moorage.cli.report.plain import harmless, json_text
from moorage.cli.run import fail, run
from moorage.errors import RefusedError
from moorage.events import Redacting, failed
from moorage.workspace.sync.place import place_of
from moorage.workspace.sync.run import Synced, Wish, sync

_SHOWN = 40


class SyncConflict(RefusedError):
    """Files that changed on both sides, or cannot be what they are on the other side, were left alone."""

    code = "sync-conflict"


@click.command("sync", epilog="Example: moorage sync --dry-run . src")
@workspace_argument
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--download", is_flag=True, help="From the workspace into the folder here.")
@click.option("--delete", is_flag=True, help="Also remove what was removed on the side that is copied from.")
@click.option("--force", is_flag=True, help="Also write over what changed on the side that is copied to.")
@click.option("--dry-run", is_flag=True, help="Only say what would be copied.")
@driver_options
@output_options
def sync_command(workspace: str, paths: tuple[str, ...], **values: Any) -> None:
    """Copy what changed here since the last copy into WORKSPACE, whose files were uploaded from a folder.

    WORKSPACE is a name or a source (default: this folder). Only PATHs below the folder where some are given.
    What changed on both sides is left as it is, and told; the exit code is then 9. A file .moorageignore in
    the folder says what is left out, both ways.
    """
    output, reporter = opened(values)
    wish = Wish(
        direction="download" if values["download"] else "upload",
        paths=paths,
        force=values["force"],
        delete=values["delete"],
        dry_run=values["dry_run"],
    )
    found = run(_sync(workspace, wish, values, reporter), output, reporter)
    _print(found, output)
    if found.conflicts:
        _end(found, output, reporter)


async def _sync(workspace: str, wish: Wish, values: dict[str, Any], reporter: Redacting) -> Synced:
    async with site_of(values, reporter) as site:
        return await sync(site, await place_of(workspace, site), wish)


def _print(found: Synced, output: Output) -> None:
    if output.result == "json":
        outcome = (
            {"outcome": "error", "code": SyncConflict.code} if found.conflicts else {"outcome": "success"}
        )
        click.echo(json_text({**outcome, **_plain(msgspec.to_builtins(found))}))
        return
    words = ("would copy", "would delete") if found.dry_run else ("copied", "deleted")
    for word, paths in zip(words, (found.copied, found.deleted), strict=True):
        for path in paths:
            click.echo(harmless(f"{word} {_shown(path)}"))
    if not (found.copied or found.deleted or found.conflicts):
        click.echo("There is nothing to copy.")


def _end(found: Synced, output: Output, reporter: Redacting) -> None:
    shown = tuple(f"{_shown(each.path)}: {each.reason}" for each in found.conflicts[:_SHOWN])
    if len(found.conflicts) > _SHOWN:
        shown += (f"and {len(found.conflicts) - _SHOWN} more",)
    error = SyncConflict(
        f"{len(found.conflicts)} paths were left as they are on both sides.",
        evidence=shown,
        hint="Compare them; --force with their PATHs takes what is on the side that is copied from.",
    )
    if output.result == "text":
        fail(error, output, reporter)
    reporter.emit(failed(error))
    sys.exit(error.exit_code)


def _shown(path: str) -> str:
    """A name of one line, whatever it holds."""
    return path if path.isprintable() else repr(path)


def _plain(value: Any) -> Any:
    """Names that are no UTF-8 cannot be in JSON as they are."""
    match value:
        case str():
            return value.encode(errors="surrogateescape").decode(errors="replace")
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value
