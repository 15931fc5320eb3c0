"""The public Python API: the same loop as the command line's, for programs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypedDict, Unpack

from moorage.events import Redacting, Reporter, Silent
from moorage.planner.plan import Plan
from moorage.planner.request import Dotfiles, Request
from moorage.spec.source import parse
from moorage.workspace import up as loop
from moorage.workspace.opening import open_site
from moorage.workspace.site import Site, host

__all__ = ["Plan", "Session", "Settings", "Workspace", "plan", "session", "up"]

Workspace = loop.Up


class Settings(TypedDict, total=False):
    """Keyword arguments of `Session.plan` and `Session.up`; each is the option of the same name."""

    name: str
    config: str
    recreate: bool
    rebuild: bool
    environment: Mapping[str, str]
    remote_environment: Mapping[str, str | None]
    mounts: tuple[str, ...]
    secrets: Mapping[str, str]
    dotfiles: Dotfiles
    hook_timeout: float
    allow_host_commands: bool
    reporter: Reporter


class Session:
    """Many workspaces in one place, also at once: connections and what the place offers are shared."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def plan(self, source: str, **settings: Unpack[Settings]) -> Plan:
        """What `up` would do, without changing anything. Raises `MoorageError`."""
        request = _request(source, settings)
        return await loop.foresee(request, self._beside(request, settings))

    async def up(self, source: str, **settings: Unpack[Settings]) -> Workspace:
        """Bring the workspace of a source about. Raises `MoorageError`; called again it goes on."""
        request = _request(source, settings)
        site = self._beside(request, settings)
        try:
            return await loop.up(request, site)
        finally:
            await site.close()

    def _beside(self, request: Request, settings: Settings) -> Site:
        secrets = [value for _, value in request.secrets]
        self._site.reporter.add(secrets)  # what the driver itself says goes there
        return self._site.beside(Redacting(settings.get("reporter", self._site.reporter), secrets))


@asynccontextmanager
async def session(
    *, driver: str = "docker", options: Mapping[str, str] | None = None, reporter: Reporter | None = None
) -> AsyncIterator[Session]:
    """A session on the engine or cluster that `options` name; `reporter` hears of every workspace in it.

    Nothing is contacted before its first use. Raises `MoorageError`.
    """
    async with open_site(Redacting(reporter or Silent()), driver=driver, options=options) as site:
        yield Session(site)


async def plan(
    source: str,
    *,
    driver: str = "docker",
    options: Mapping[str, str] | None = None,
    **settings: Unpack[Settings],
) -> Plan:
    """`Session.plan` in a session of its own."""
    async with session(driver=driver, options=options, reporter=settings.get("reporter")) as one:
        return await one.plan(source, **settings)


async def up(
    source: str,
    *,
    driver: str = "docker",
    options: Mapping[str, str] | None = None,
    **settings: Unpack[Settings],
) -> Workspace:
    """`Session.up` in a session of its own."""
    async with session(driver=driver, options=options, reporter=settings.get("reporter")) as one:
        return await one.up(source, **settings)


def _request(source: str, settings: Settings) -> Request:
    environment = dict(os.environ)
    found = parse(
        source,
        cwd=os.getcwd(),  # noqa: PTH109  symbolic links as the user sees them
        is_folder=os.path.isdir,
        home=environment.get("HOME"),
        children=os.listdir,
    )
    return Request(
        source=found,
        host=host(found, environment),
        name=settings.get("name", ""),
        config=settings.get("config", ""),
        recreate=settings.get("recreate", False) or settings.get("rebuild", False),
        rebuild=settings.get("rebuild", False),
        environment=tuple(settings.get("environment", {}).items()),
        remote_environment=tuple(settings.get("remote_environment", {}).items()),
        mounts=settings.get("mounts", ()),
        secrets=tuple(settings.get("secrets", {}).items()),
        dotfiles=settings.get("dotfiles"),
        hook_timeout=settings.get("hook_timeout", 0),
        allow_host_commands=settings.get("allow_host_commands", False),
    )
