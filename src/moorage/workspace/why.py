"""The cause of a workspace's last failure: the engine is asked first, this machine's timeline is evidence."""

from __future__ import annotations

from typing import Literal

import msgspec

from moorage.drivers.base import Listed
from moorage.engine import containers
from moorage.lifecycle.log import Line
from moorage.spec.observation import Container, Journal
from moorage.spec.source import canonical
from moorage.workspace import timeline
from moorage.workspace.find import NoWorkspace, choose, place, source_meant
from moorage.workspace.logs import hook_lines
from moorage.workspace.site import Site
from moorage.workspace.timeline import Failure

_TAIL = 20
_STOPPED = (0, 137, 143)
"""Exit codes of a container that somebody stopped."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why it failed, in the form of an error; `found_in` says who knows it, `past`: it is all right now.

    `time` is in seconds since 1970, 0 where it is not known.
    """

    name: str
    code: str
    message: str
    evidence: tuple[str, ...] = ()
    hint: str = ""
    found_in: Literal["engine", "journal", "timeline"]
    past: bool = False
    time: float = 0


async def why(text: str, site: Site) -> Cause | None:
    """The cause for the workspace of this name or source, for "" the last failure on this machine; or None.

    A workspace that never came about is found by its source in the timeline. Raises NoWorkspace where the
    text means nothing at all, and EngineError.
    """
    failures = timeline.recent(site.cache)
    listed = await site.driver.list()
    if not text:
        failure = timeline.last(failures)
        found = [each for each in listed if failure and each.workspace == failure.workspace]
        return await _of(found[0], failure, site) if found else _told(failure)
    here = place(site.environment)
    try:
        meant = choose(text, listed, here)
    except NoWorkspace:
        source = source_meant(text, here)
        failure = timeline.last(failures, source=canonical(source)) if source else None
        failure = failure or next((each for each in reversed(failures) if each.name == text), None)
        if failure is None:
            raise
        return _told(failure)
    return await _of(meant, timeline.last(failures, workspace=meant.workspace), site)


async def _of(listed: Listed, failure: Failure | None, site: Site) -> Cause | None:
    """What the engine and the journal know; else what the timeline remembers."""
    if not listed.container:
        return _told(failure) or _unfinished(listed)
    seen = await site.driver.observe(listed.container)
    if seen.container is not None:
        ended = await _ended(listed, seen.container, site)
        if ended is not None:
            return ended
        if seen.journal.failed:
            return _hook(listed, seen.journal, await hook_lines(seen.container, site))
    running = seen.container is not None and seen.container.state == "running"
    return _told(failure, past=running and not seen.journal.running)


async def _ended(listed: Listed, container: Container, site: Site) -> Cause | None:
    if container.state not in ("exited", "dead", "created"):
        return None
    found = await containers.inspect(site.engine, container.id)
    out_of_memory = found is not None and found.State.OOMKilled
    if not container.error and not out_of_memory and container.exit_code in _STOPPED:
        return None
    tail = await containers.log_tail(site.engine, container.id, _TAIL)
    reason = "its memory limit was reached" if out_of_memory else f"exit code {container.exit_code}"
    if container.state == "created":
        reason = "it was never started"
    return Cause(
        name=listed.name,
        code="container-ended",
        message=f"The workspace's container does not run ({reason}).",
        evidence=(*((container.error,) if container.error else ()), *tail),
        hint=f"Correct the cause and run `moorage start {listed.name}`.",
        found_in="engine",
    )


def _hook(listed: Listed, journal: Journal, lines: tuple[Line, ...]) -> Cause:
    hook = journal.failed.partition(":")[0]
    how = (
        "reached its time limit" if journal.exit_code == 124 else f"failed with exit code {journal.exit_code}"
    )
    last = max((line.run for line in lines if line.key == journal.failed), default=0)
    printed = [
        line.text for line in lines if line.key == journal.failed and line.run == last and not line.heading
    ]
    return Cause(
        name=listed.name,
        code="hook-failed",
        message=f"{hook} {how}.",
        evidence=tuple(printed[-_TAIL:]),
        hint=f"Correct it and run `moorage up` again; `moorage logs {listed.name}` shows all of it.",
        found_in="journal",
    )


def _unfinished(listed: Listed) -> Cause:
    return Cause(
        name=listed.name,
        code="unfinished",
        message=f"The workspace was never finished: {listed.state}.",
        hint=f"Run `moorage up` again, or remove it with `moorage delete {listed.name or listed.workspace}`.",
        found_in="engine",
    )


def _told(failure: Failure | None, *, past: bool = False) -> Cause | None:
    if failure is None:
        return None
    return Cause(
        name=failure.name,
        code=failure.code,
        message=failure.message,
        evidence=failure.evidence,
        hint=failure.hint,
        found_in="timeline",
        past=past,
        time=failure.time,
    )
