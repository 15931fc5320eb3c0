"""Starts a workspace that exists: what `up` would do, from what its labels tell."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moorage.devcontainer.discovery import NoConfiguration, UnknownConfiguration
from moorage.drivers.base import Listed
from moorage.events import Notice, Reporter
from moorage.planner.request import Request
from moorage.spec.source import LocalFolder
from moorage.spec.stack import PROJECT
from moorage.workspace.find import shown_source
from moorage.workspace.recall import identity, source_of
from moorage.workspace.site import Site, host
from moorage.workspace.up import up


async def start(listed: Listed, site: Site, *, attach: bool = False) -> None:
    """Start it and run the hooks that are due at a start; a container whose source is gone is only started.

    Raises what `up` and the driver raise.
    """
    request = request_of(listed, site)
    if request is None:
        _tell(site.reporter, f"{shown_source(listed)} is gone", listed)
        await _only_start(listed, site)
        return
    try:
        await up(msgspec.structs.replace(request, attach=attach), site)
    except (NoConfiguration, UnknownConfiguration) as error:
        _tell(site.reporter, error.message.removesuffix("."), listed)
        await _only_start(listed, site)


def request_of(listed: Listed, site: Site) -> Request | None:
    """The request that leads to this very container; None where its source, or its labels, do not."""
    source, asked = source_of(listed.source), identity(listed.labels)
    if (
        source is None
        or asked is None
        or (isinstance(source, LocalFolder) and not Path(source.path).is_dir())
    ):
        return None
    machine = msgspec.structs.replace(host(source, site.environment), owner=listed.owner)
    request = Request(source=source, host=machine, name=asked[0], config=asked[1])
    return request if request.workspace == listed.workspace else None


async def _only_start(listed: Listed, site: Site) -> None:
    project = listed.labels.get(PROJECT)
    if project:
        await site.driver.stacks(site.cache / "compose").start_again(project)
    else:
        await site.driver.start(listed.container)


def _tell(reporter: Reporter, why: str, listed: Listed) -> None:
    reporter.emit(
        Notice(
            level="fallback",
            code="started-without-source",
            text=f"The workspace {listed.name} is started as it is, without its start hooks: {why}.",
        )
    )
