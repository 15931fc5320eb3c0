"""The public Python API: the same loop as the command line's, for programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypedDict, Unpack

from moorage.events import Redacting, Reporter, Silent
from moorage.planner.plan import Plan
from moorage.planner.request import Dotfiles, Request
from moorage.spec.source import parse
from moorage.workspace import up as loop
from moorage.workspace.opening import open_site
from moorage.workspace.site import host

__all__ = ["Plan", "Settings", "Workspace", "plan", "up"]

Workspace = loop.Up


class Settings(TypedDict, total=False):
    """Keyword arguments of `plan` and `up`; each is the option of the same name."""

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
    driver: str
    options: Mapping[str, str]
    reporter: Reporter


async def plan(source: str, **settings: Unpack[Settings]) -> Plan:
    """What `up` would do, without changing anything. Raises `MoorageError`."""
    request, reporter = _request(source, settings)
    driver, options = settings.get("driver", "docker"), settings.get("options", {})
    async with open_site(reporter, driver=driver, options=options) as site:
        return await loop.foresee(request, site)


async def up(source: str, **settings: Unpack[Settings]) -> Workspace:
    """Bring the workspace of a source about. Raises `MoorageError`; called again it goes on."""
    request, reporter = _request(source, settings)
    driver, options = settings.get("driver", "docker"), settings.get("options", {})
    async with open_site(reporter, driver=driver, options=options) as site:
        return await loop.up(request, site)


def _request(source: str, settings: Settings) -> tuple[Request, Redacting]:
    environment = dict(os.environ)
    found = parse(
        source,
        cwd=os.getcwd(),  # noqa: PTH109  symbolic links as the user sees them
        is_folder=os.path.isdir,
        home=environment.get("HOME"),
        children=os.listdir,
    )
    secrets = settings.get("secrets", {})
    request = Request(
        source=found,
        host=host(found, environment),
        name=settings.get("name", ""),
        config=settings.get("config", ""),
        recreate=settings.get("recreate", False) or settings.get("rebuild", False),
        rebuild=settings.get("rebuild", False),
        environment=tuple(settings.get("environment", {}).items()),
        remote_environment=tuple(settings.get("remote_environment", {}).items()),
        mounts=settings.get("mounts", ()),
        secrets=tuple(secrets.items()),
        dotfiles=settings.get("dotfiles"),
        hook_timeout=settings.get("hook_timeout", 0),
        allow_host_commands=settings.get("allow_host_commands", False),
    )
    return request, Redacting(settings.get("reporter", Silent()), secrets.values())
