"""The containers of a project, and the order in which they start and stop, read from their labels. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...engine.containers import Summary
from ...spec import names
from ...spec.stack import DEPENDS_ON, ONE_OFF, SERVICE


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One container of a project. `needs` has (service, condition), such as ("db", "service_healthy").

    `workspace` is the id of the workspace whose own container it is, "" for all others.
    """

    id: str
    name: str
    service: str
    state: str
    workspace: str = ""
    needs: tuple[tuple[str, str], ...] = ()


def members(found: Iterable[Summary]) -> tuple[Member, ...]:
    """Those that Compose keeps running: what `compose run` made for once is none of them."""
    return tuple(_member(each) for each in found if (each.Labels or {}).get(ONE_OFF, "") != "True")


def levels(found: Iterable[Member]) -> tuple[tuple[Member, ...], ...]:
    """In the order of their start: each level needs only those before it. A circle ends in one last level."""
    left, done, ordered = list(found), set[str](), list[tuple[Member, ...]]()
    services = {each.service for each in left}
    while left:
        ready = [each for each in left if all(need in done or need not in services for need, _ in each.needs)]
        ready = ready or left
        ordered.append(tuple(ready))
        done |= {each.service for each in ready}
        left = [each for each in left if each not in ready]
    return tuple(ordered)


def shared(found: Iterable[Member], workspace: str) -> bool:
    """Whether another workspace lives in the same project: then only our own container is ours to end."""
    return any(each.workspace not in ("", workspace) for each in found)


def _member(summary: Summary) -> Member:
    labels = summary.Labels or {}
    return Member(
        id=summary.Id,
        name=summary.Names[0].removeprefix("/") if summary.Names else summary.Id,
        service=labels.get(SERVICE, ""),
        state=summary.State,
        workspace=labels.get(names.ID, ""),
        needs=tuple(_needs(labels.get(DEPENDS_ON, ""))),
    )


def _needs(text: str) -> Iterable[tuple[str, str]]:
    """ "db:service_healthy:false,cache:service_started:true" """
    for each in filter(None, text.split(",")):
        service, _, rest = each.partition(":")
        yield service, rest.partition(":")[0] or "service_started"
