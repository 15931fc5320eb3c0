"""Removing all of a workspace: by its label, until nothing of it is left."""

from __future__ import annotations

import asyncio

from ...engine import containers, volumes
from ...engine.client import Engine
from ...engine.errors import Conflict
from ...spec import names
from ...spec.stack import PROJECT

_ROUNDS = 5


async def delete(engine: Engine, workspace: str) -> tuple[str, ...]:
    """What was removed, by name; a late `up` may still add something, so it looks until nothing is found.

    Raises Conflict when something else holds a volume or a network, with what the engine says of it.
    """
    label, removed = f"{names.ID}={workspace}", dict[str, None]()
    for more in range(_ROUNDS - 1, -1, -1):
        found = await _round(engine, label, patient=more > 0)
        if not found:
            break
        removed |= dict.fromkeys(found)
    return tuple(removed)


async def _round(engine: Engine, label: str, *, patient: bool) -> list[str]:
    running, stored, networks = await asyncio.gather(
        containers.find(engine, label), volumes.find(engine, label), volumes.find_networks(engine, label)
    )
    if any(PROJECT in (each.Labels or {}) for each in running) or any(
        names.PROJECT in (each.Labels or {}) for each in stored
    ):
        from .stack_belongings import with_project  # only Compose projects have more

        running, stored, networks = await with_project(engine, label, running, stored, networks)
    await asyncio.gather(*(containers.remove(engine, each.Id) for each in running))
    gone = [f"container {each.Names[0].removeprefix('/') if each.Names else each.Id}" for each in running]
    try:
        await asyncio.gather(
            *(volumes.remove(engine, each.Name) for each in stored),
            *(volumes.remove_network(engine, each.Id) for each in networks),
        )
    except Conflict:
        if not (patient and running):
            raise
        return gone  # a container that is just going still holds one of them: the next round shows
    return [
        *gone,
        *(f"volume {each.Name}" for each in stored),
        *(f"network {each.Name}" for each in networks),
    ]
