"""Stop, start and delete workspaces that exist, several side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from moorage.drivers.base import Listed
from moorage.errors import MoorageError
from moorage.events import StepEnded, StepStarted
from moorage.spec.stack import PROJECT
from moorage.workspace.find import NoContainer, choose, place, shown_source
from moorage.workspace.site import Site

Outcome = Literal["started", "stopped", "restarted", "deleted", "running already", "not running", "failed"]
_AT_ONCE = 4


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one workspace. `removed`: what a deletion took away, as "container NAME"."""

    name: str
    workspace: str
    outcome: Outcome
    removed: tuple[str, ...] = ()


Change = Callable[[Listed, Site], Awaitable[Changed]]


async def chosen(texts: Sequence[str], site: Site, *, everything: bool = False) -> tuple[Listed, ...]:
    """The workspaces that are named, each once; with `everything` all of one's own. Raises as `find`."""
    listed, here = await site.driver.list(), place(site.environment)
    if everything:
        return tuple(each for each in listed if each.owner == here.owner)
    found = [choose(text, listed, here) for text in texts]
    return tuple({each.workspace: each for each in found}.values())


async def change(
    listed: Sequence[Listed], site: Site, work: Change, title: str
) -> tuple[tuple[Changed, ...], tuple[MoorageError, ...]]:
    """Do it to all of them, a few at a time; the failure of one does not stop the others."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Listed) -> Changed | MoorageError:
        async with room:
            return await _reported(each, site, work, title)

    results = await asyncio.gather(*(one(each) for each in listed))
    failures = tuple(result for result in results if isinstance(result, MoorageError))
    return tuple(result for result in results if isinstance(result, Changed)), failures


async def start(listed: Listed, site: Site) -> Changed:
    """Start it and run its start hooks. Raises NoContainer, and what `up` and the driver raise."""
    _need_container(listed)
    if listed.state == "running":
        return _changed(listed, "running already")
    from moorage.workspace.starting import start  # brings the planner

    await start(listed, site)
    return _changed(listed, "started")


async def stop(listed: Listed, site: Site) -> Changed:
    """Stop it, with all of its Compose project, and wait until it has.

    shutdownAction is for tools that close a window, not for this.
    """
    if not listed.container or listed.state in ("exited", "created", "dead"):
        return _changed(listed, "not running")
    project = listed.labels.get(PROJECT)
    if project:
        await site.driver.stacks(site.cache / "compose").stop(project, listed.container)
    else:
        await site.driver.stop(listed.container)
    return _changed(listed, "stopped")


async def restart(listed: Listed, site: Site) -> Changed:
    """Stop it where it runs, and start it with its start hooks. Raises as `start`."""
    _need_container(listed)
    await stop(listed, site)
    await start(msgspec.structs.replace(listed, state="exited"), site)
    return _changed(listed, "restarted")


async def delete(listed: Listed, site: Site) -> Changed:
    """Remove its containers, volumes and networks; returns when they are gone. Its image stays (see gc)."""
    removed = await site.driver.delete(listed.workspace)
    return msgspec.structs.replace(_changed(listed, "deleted"), removed=removed)


async def _reported(listed: Listed, site: Site, work: Change, title: str) -> Changed | MoorageError:
    step, begun = f"{work.__name__} {listed.workspace}", asyncio.get_running_loop().time()
    site.reporter.emit(StepStarted(step=step, title=f"{title} {listed.name or listed.workspace}"))
    outcome: Literal["done", "failed"] = "failed"
    try:
        result = await work(listed, site)
        outcome = "done"
    except MoorageError as error:
        return error
    else:
        return result
    finally:
        seconds = asyncio.get_running_loop().time() - begun
        site.reporter.emit(StepEnded(step=step, outcome=outcome, seconds=seconds))


def _need_container(listed: Listed) -> None:
    if not listed.container:
        raise NoContainer(
            f"The workspace {listed.name or listed.workspace} has no container ({listed.state}).",
            hint=f"Run `moorage up {shown_source(listed)}` to finish it.",
        )


def _changed(listed: Listed, outcome: Outcome) -> Changed:
    return Changed(name=listed.name, workspace=listed.workspace, outcome=outcome)
