"""All workspaces of an engine, found by labels alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ...engine import containers, volumes
from ...engine.client import Engine
from ...engine.containers import Summary
from ...engine.volumes import Volume
from ...spec import names
from ..base import Listed


async def listed(engine: Engine) -> tuple[Listed, ...]:
    """One entry per workspace, by name; "cloning" and "no container" are the states of those without one."""
    running, stored = await asyncio.gather(containers.find(engine, names.ID), volumes.find(engine, names.ID))
    found: dict[str, Listed] = {}
    for volume in stored:
        entry = _of_volume(volume)
        found[entry.workspace] = entry
    for summary in sorted(running, key=_rank):
        entry = _of_container(summary)
        found[entry.workspace] = entry
    return tuple(sorted(found.values(), key=lambda entry: (entry.name, entry.workspace)))


def _rank(summary: Summary) -> tuple[bool, int]:
    """The workspace's own container comes last, so that it decides; of two, the newer."""
    return (summary.Labels or {}).get(names.ROLE) != "helper", summary.Created


def _of_container(summary: Summary) -> Listed:
    labels = summary.Labels or {}
    if names.ROLE in labels:
        return _entry(labels, "cloning", created=summary.Created)
    name = summary.Names[0].removeprefix("/") if summary.Names else summary.Id
    return _entry(labels, summary.State, container=name, created=summary.Created)


def _of_volume(volume: Volume) -> Listed:
    return _entry(volume.Labels or {}, "no container", created=_seconds(volume.CreatedAt))


def _entry(labels: Mapping[str, str], state: str, *, container: str = "", created: int = 0) -> Listed:
    return Listed(
        workspace=labels.get(names.ID, ""),
        name=labels.get(names.NAME, ""),
        source=labels.get(names.SOURCE, ""),
        owner=labels.get(names.OWNER, ""),
        state=state,
        container=container,
        labels=dict(labels),
        created=created,
    )


def _seconds(text: str) -> int:
    from datetime import datetime  # for volumes without a container only

    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return 0
