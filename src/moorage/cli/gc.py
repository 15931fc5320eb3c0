"""`moorage gc`."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options
from moorage.cli.run import run
from moorage.cli.table import size
from moorage.events import Notice, Redacting
from moorage.workspace.gc import Garbage, collect, lost_volumes


@click.command("gc", epilog="Example: moorage gc --dry-run")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--volumes", is_flag=True, help="Clones without a container too, with all that is in them.")
@click.option("--caches", is_flag=True, help="This machine's caches too: contexts, repositories, timeline.")
@driver_options
@output_options
def gc_command(**values: Any) -> None:
    """Remove images that moorage built and no container uses, and helpers that were left behind."""
    output, reporter = opened(values)
    found = run(_collect(values, reporter), output, reporter)
    if output.result == "json":
        click.echo(msgspec.json.encode(found))
        return
    for each in found:
        click.echo(_line(each, dry_run=values["dry_run"]))
    total = sum(each.size for each in found if each.removed or values["dry_run"])
    word = "would be freed" if values["dry_run"] else "freed"
    click.echo(f"Up to {size(total)} {word}." if total else "Nothing to remove." if not found else "Done.")


async def _collect(values: dict[str, Any], reporter: Redacting) -> tuple[Garbage, ...]:
    async with site_of(values, reporter) as site:
        found = await collect(
            site, volumes_too=values["volumes"], caches=values["caches"], dry_run=values["dry_run"]
        )
        if not values["volumes"] and (kept := await lost_volumes(site)):
            text = f"Kept, as work may be in them: volumes without a container ({', '.join(kept)})."
            hint = "Remove them with --volumes, or one with `moorage delete`."
            reporter.emit(Notice(level="info", code="volumes-kept", text=text, hint=hint))
        return found


def _line(each: Garbage, *, dry_run: bool) -> str:
    word = "would remove" if dry_run else "removed" if each.removed else "kept (in use)"
    return f"{word} {each.kind} {each.name}" + (f"  {size(each.size)}" if each.size else "")
