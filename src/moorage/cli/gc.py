"""`moorage gc`: takes away what no workspace uses."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options
from moorage.cli.report.plain import harmless, json_text
from moorage.cli.run import run
from moorage.cli.table import size
from moorage.errors import RefusedError
from moorage.events import Notice, Redacting
from moorage.workspace.gc import Collected, Garbage, caches, decide, look, mine, remove
from moorage.workspace.site import Site

if TYPE_CHECKING:
    from moorage.drivers.kubernetes.driver import KubernetesDriver


class VolumesNotConfirmed(RefusedError):
    """Volumes may hold work that is nowhere else; removing them was not agreed to."""

    code = "volumes-not-confirmed"


@click.command("gc", epilog="Example: moorage gc --dry-run --caches")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--volumes", is_flag=True, help="Also clones without a container, with all work in them.")
@click.option(
    "--caches", is_flag=True, help="Also caches: this machine's, and in a cluster those of builders."
)
@click.option("--all-owners", is_flag=True, help="Also helpers and volumes of other users of this engine.")
@click.option("-y", "--yes", is_flag=True, help="Remove volumes without asking.")
@driver_options
@output_options
def gc_command(**values: Any) -> None:
    """Remove images that moorage built and no container uses, and helpers that were left behind.

    Names that you gave to an image stay, and so does the image then. Nothing that may hold work is removed
    without --volumes, and then not without a question (--yes answers it). In a cluster it removes pods of
    builders that have ended, and leases of builds that nobody runs any more.
    """
    output, reporter = opened(values)
    found = run(_collect(values, reporter), output, reporter)
    total = sum(each.size for each in found.removed)
    if output.result == "json":
        body = {
            "outcome": "success",
            "dry_run": values["dry_run"],
            "bytes": total,
            **msgspec.to_builtins(found),
        }
        click.echo(json_text(body))
        return
    word = "would remove" if values["dry_run"] else "removed"
    for each in found.removed:
        click.echo(_line(word, each))
    for each in found.kept:
        click.echo(_line("kept", each))
    if not found.removed:
        click.echo("There is nothing to remove.")
    else:
        click.echo(f"About {size(total)} {'would be freed' if values['dry_run'] else 'freed'}.")


async def _collect(values: dict[str, Any], reporter: Redacting) -> Collected:
    async with site_of(values, reporter) as site:
        if site.cluster is not None:
            return await _in_cluster(values, site, site.cluster)
        found = decide(await look(site), owner="" if values["all_owners"] else mine(site))
        lost = tuple(each for each in found if each.kind == "volume")
        if not values["volumes"]:
            _tell_of(lost, reporter)
            found = tuple(each for each in found if each.kind != "volume")
        if values["caches"]:
            found = (*found, *caches(site.cache))
        if values["dry_run"]:
            return Collected(removed=found)
        if values["volumes"] and lost and not values["yes"]:
            _confirm(lost)
        return await remove(site, found)


async def _in_cluster(values: dict[str, Any], site: Site, driver: KubernetesDriver) -> Collected:
    """Of workspaces nothing is left over there: all that they have goes with their root."""
    from moorage.workspace import clustergc  # what it takes is not loaded for an engine

    places = (driver.namespace, driver.options.buildkit_namespace or driver.namespace)
    seen = await clustergc.look(driver.cluster, places, time.time())
    found = clustergc.decide(seen, caches=values["caches"])
    here = caches(site.cache) if values["caches"] else ()
    if values["dry_run"]:
        return Collected(removed=(*(each.told for each in found), *here))
    there, own = await clustergc.remove(driver.cluster, found), await remove(site, here)
    return Collected(removed=there.removed + own.removed, kept=there.kept + own.kept)


def _tell_of(lost: tuple[Garbage, ...], reporter: Redacting) -> None:
    if lost:
        listed = ", ".join(each.name for each in lost)
        text = f"Volumes without a container are kept, as work may be in them: {listed}."
        hint = "Remove them all with --volumes, or one with `moorage delete`."
        reporter.emit(Notice(level="info", code="volumes-kept", text=text, hint=hint))


def _confirm(lost: tuple[Garbage, ...]) -> None:
    for each in lost:
        click.echo(_line("without a container:", each), err=True)
    if not (os.isatty(0) and os.isatty(2)):
        raise VolumesNotConfirmed(
            f"{len(lost)} volumes may hold work that is nowhere else; nothing was removed.",
            evidence=tuple(each.name for each in lost),
            hint="Look at them with `moorage list`, then give --yes.",
        )
    if not click.confirm("Remove these with all that is in them?", err=True):
        raise VolumesNotConfirmed("Nothing was removed.", hint="Answer y, or leave --volumes out.")


def _line(word: str, each: Garbage) -> str:
    taken = f"  {size(each.size)}" if each.size else ""
    return harmless(f"{word} {each.kind} {each.name}{taken}  ({each.why})")
