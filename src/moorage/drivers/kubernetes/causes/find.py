"""The one cause that matters most, of all that can be seen of a workspace that is not up."""

from __future__ import annotations

from collections.abc import Iterator

from .. import naming
from .admission import refused
from .cause import Cause
from .images import pulling
from .node import ended, lost
from .reading import ContainerStatus, Seen
from .running import last_end, starting
from .scheduling import unscheduled
from .storage import claims, mounting


def cause(seen: Seen) -> Cause | None:
    """Why the workspace is not up; None while nothing is wrong (or it is up)."""
    found = list(_all(seen))
    return next((each for each in found if each.hopeless), found[0] if found else None)


def trouble(seen: Seen) -> Cause | None:
    """As `cause`, of a workspace that may be up again: also how its container ended before."""
    main = seen.pod.container(naming.CONTAINER) if seen.pod else None
    return cause(seen) or (last_end(main, seen) if main else None)


def ready(seen: Seen) -> bool:
    """Whether the workspace's container runs, in a pod that is not going."""
    return seen.pod is not None and seen.pod.runs(naming.CONTAINER)


def failing(seen: Seen) -> tuple[str, ...]:
    """Containers whose last lines would tell more."""
    return tuple(
        each.name
        for each in _statuses(seen)
        if not each.running
        and each.terminated
        and (each.terminated.exit_code or each.name == naming.CONTAINER)
    )


def _all(seen: Seen) -> Iterator[Cause]:
    if seen.pod is None:
        yield from _given(refused(seen), claims(seen))
        return
    yield from _given(lost(seen), ended(seen))
    if seen.pod.metadata.deletion_timestamp or ready(seen):
        return
    for status in _statuses(seen):
        yield from _given(pulling(status, seen) or starting(status, seen))
    scheduled = unscheduled(seen)
    stored = claims(seen) if scheduled is None or scheduled.code == "claim-pending" else None
    yield from _given(stored, scheduled, mounting(seen) if not _begun(seen) else None, refused(seen))


def _given(*found: Cause | None) -> Iterator[Cause]:
    yield from (each for each in found if each is not None)


def _statuses(seen: Seen) -> tuple[ContainerStatus, ...]:
    if seen.pod is None:
        return ()
    status = seen.pod.status
    return (*(status.init_container_statuses or ()), *(status.container_statuses or ()))


def _begun(seen: Seen) -> bool:
    """Mounting is over once any container has been started."""
    return any(each.running or each.terminated for each in _statuses(seen))
