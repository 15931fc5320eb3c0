"""What of a Compose project goes with its workspace: all that Compose made for it."""

from __future__ import annotations

import asyncio

from ...engine import containers, volumes
from ...engine.client import Engine
from ...engine.containers import Summary
from ...engine.volumes import Network, Volume
from ...spec import names
from ...spec.stack import PROJECT
from .stack_order import members, shared

Belongings = tuple[list[Summary], list[Volume], list[Network]]


async def with_project(
    engine: Engine, label: str, running: list[Summary], stored: list[Volume], networks: list[Network]
) -> Belongings:
    """All that bears the workspace's label, and what the projects among it have besides.

    Nothing more where another workspace lives in the same project. External volumes and networks bear no
    label of the project, and stay.
    """
    workspace = label.partition("=")[2]
    projects = [(each.Labels or {}).get(PROJECT, "") for each in running]
    projects += [(each.Labels or {}).get(names.PROJECT, "") for each in stored]
    for project in dict.fromkeys(filter(None, projects)):
        more = await _of_project(engine, workspace, project)
        running = list({each.Id: each for each in (*running, *more[0])}.values())
        stored = list({each.Name: each for each in (*stored, *more[1])}.values())
        networks = list({each.Id: each for each in (*networks, *more[2])}.values())
    return running, stored, networks


async def _of_project(engine: Engine, workspace: str, project: str) -> Belongings:
    label = f"{PROJECT}={project}"
    running, stored, networks = await asyncio.gather(
        containers.find(engine, label), volumes.find(engine, label), volumes.find_networks(engine, label)
    )
    if shared(members(running), workspace):
        return [], [], []
    return running, stored, networks
