"""Starts and stops a whole project through the engine's API: neither Compose nor its files are needed."""

from __future__ import annotations

import asyncio
import time

import msgspec

from ...engine import containers
from ...engine.client import Engine, quoted
from ...engine.errors import NoSuchContainer
from ...spec.stack import PROJECT
from .errors import DependencyFailed
from .stack_order import Member, levels, members, shared

_LOOK = 0.2
_LONGEST = 600.0


class _Health(msgspec.Struct):
    Status: str = ""


class _State(msgspec.Struct):
    Status: str = ""
    ExitCode: int = 0
    Health: _Health | None = None


class _Seen(msgspec.Struct):
    State: _State


async def beside(engine: Engine, project: str) -> tuple[Member, ...]:
    """All containers of a project."""
    return members(await containers.find(engine, f"{PROJECT}={project}"))


async def start(engine: Engine, project: str) -> None:
    """Start what does not run, each when what it depends on is ready. Raises DependencyFailed.

    A container that has ended well and that others only wait for to end is not run again.
    """
    found = await beside(engine, project)
    awaited = {need for each in found for need, how in each.needs if how == "service_completed_successfully"}
    for level in levels(found):
        await asyncio.gather(*(_ready(engine, need, how, found) for need, how in _needed(level)))
        due = [each for each in level if each.service not in awaited or each.state == "created"]
        await asyncio.gather(*(containers.start(engine, each.id) for each in due))


async def stop(engine: Engine, project: str, container: str, *, seconds: int) -> None:
    """Stop all of it, those first that depend on others; of a project that is shared only our own."""
    found = await beside(engine, project)
    ours = next((each for each in found if container in (each.name, each.id)), None)
    if ours is None or shared((each for each in found if each.state == "running"), ours.workspace):
        await containers.stop(engine, container, seconds=seconds)
        return
    for level in reversed(levels(found)):
        running = [each for each in level if each.state in ("running", "paused", "restarting")]
        await asyncio.gather(*(_stopped(engine, each, seconds) for each in running))


async def _stopped(engine: Engine, member: Member, seconds: int) -> None:
    try:
        await containers.stop(engine, member.id, seconds=seconds)
    except NoSuchContainer:
        return


def _needed(level: tuple[Member, ...]) -> set[tuple[str, str]]:
    return {(need, how) for each in level for need, how in each.needs if how != "service_started"}


async def _ready(engine: Engine, service: str, how: str, found: tuple[Member, ...]) -> None:
    await asyncio.gather(*(_wait(engine, each, how) for each in found if each.service == service))


async def _wait(engine: Engine, member: Member, how: str) -> None:
    """Until it is healthy, or has ended well; watches for what makes it hopeless."""
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end:
        state = (await engine.get(f"/containers/{quoted(member.id)}/json", _Seen)).State
        health = state.Health.Status if state.Health else ""
        if how == "service_completed_successfully":
            if state.Status == "exited" and state.ExitCode == 0:
                return
            hopeless = state.Status in ("exited", "dead")
        else:
            if health == "healthy":
                return
            hopeless = health in ("unhealthy", "none", "") or state.Status in ("exited", "dead")
        if hopeless:
            break
        await asyncio.sleep(_LOOK)
    tail = await containers.log_tail(engine, member.id, 10)
    raise DependencyFailed(
        f"The service {member.service}, which others of the project wait for, did not become ready.",
        evidence=(f"{member.name}: {state.Status} {health} exit code {state.ExitCode}", *tail),
        hint=f"See `docker logs {member.name}`, and its healthcheck in the Compose file.",
    )
