"""Volumes and networks of an engine."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .client import Engine, quoted
from .containers import filters
from .errors import NotFound


class Volume(msgspec.Struct):
    """What is read of a volume; `CreatedAt` as RFC 3339."""

    Name: str
    Labels: dict[str, str] | None = None
    CreatedAt: str = ""
    Mountpoint: str = ""


class _Volumes(msgspec.Struct):
    Volumes: list[Volume] | None = None


class Network(msgspec.Struct):
    """What is read of a network."""

    Id: str
    Name: str = ""
    Labels: dict[str, str] | None = None


async def inspect(engine: Engine, name: str) -> Volume | None:
    """The volume of this name; None when there is none."""
    try:
        return await engine.get(f"/volumes/{quoted(name)}", Volume)
    except NotFound:
        return None


async def create(engine: Engine, name: str, labels: Mapping[str, str]) -> None:
    """Nothing happens to one that exists; its labels stay as they are."""
    await engine.post("/volumes/create", json={"Name": name, "Labels": dict(labels)})


async def find(engine: Engine, label: str) -> list[Volume]:
    """Volumes with a label: "key" or "key=value"."""
    found = await engine.get("/volumes", _Volumes, {"filters": filters(label=label)})
    return found.Volumes or []


async def remove(engine: Engine, name: str) -> bool:
    """False when it was gone before. Raises Conflict while a container uses it."""
    return await _removed(engine, f"/volumes/{quoted(name)}")


async def find_networks(engine: Engine, label: str) -> list[Network]:
    """Networks with a label: "key" or "key=value"."""
    return await engine.get("/networks", list[Network], {"filters": filters(label=label)})


async def remove_network(engine: Engine, identity: str) -> bool:
    """False when it was gone before."""
    return await _removed(engine, f"/networks/{quoted(identity)}")


async def _removed(engine: Engine, path: str) -> bool:
    try:
        await engine.delete(path)
    except NotFound:
        return False
    return True
