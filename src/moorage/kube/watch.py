"""Following objects: one list, then what changes, through every gap.

A watch ends for many reasons: the server ends each after some minutes, a proxy ends silent ones, the API
server restarts, its history does not reach back far enough (410). None of them reaches the caller, who sees
each object's present state in the end: what happened in a gap is found by listing again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Generic, TypeVar

import msgspec

from ..engine.http import Answer
from .client import Cluster, Query
from .errors import ClusterLost, ClusterTimeout, Expired, Status, of_status
from .kinds import Kind
from .objects import Head, decoded, find

_SECONDS = 280
"""After so many seconds the server is asked to end a watch, which is then begun anew where it was."""
_SILENCE = 150.0
"""Bookmarks come every minute: after so long the connection counts as dead."""
_LONGEST_PAUSE = 1.0
T = TypeVar("T")


class Change(msgspec.Struct, Generic[T], frozen=True):
    """An object's present state. `deleted`: it is gone, and this is how it last was."""

    object: T
    name: str
    namespace: str
    uid: str
    version: str
    deleted: bool = False


class Synced(msgspec.Struct, frozen=True):
    """All that was there when the watch began has been told."""


async def watch(
    cluster: Cluster,
    kind: Kind,
    into: type[T],
    *,
    namespace: str = "",
    everywhere: bool = False,
    labels: str = "",
    fields: str = "",
) -> AsyncGenerator[Change[T] | Synced, None]:
    """What is there, `Synced`, then every change, without an end. Selectors as in `objects.find`.

    Raises as `Cluster.call`: a gap longer than the cluster's patience is ClusterUnreachable. Wrap it in
    `contextlib.aclosing`; deadlines are the caller's.
    """
    follower = _Follower(cluster, kind, into, namespace, everywhere, labels, fields)
    for change in await follower.look():
        yield change
    yield Synced()
    pause = 0.0
    while True:
        await asyncio.sleep(pause)
        pause = min(pause * 2 or 0.05, _LONGEST_PAUSE)
        try:
            async with aclosing(follower.follow()) as changes:
                async for change in changes:
                    pause = 0.0
                    yield change
        except Expired:
            for change in await follower.look():
                yield change
        except (ClusterLost, ClusterTimeout):
            continue  # a server that does not come back is found by the next request


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Follower(Generic[T]):
    """What has been told of which object, and the version to go on from."""

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        into: type[T],
        namespace: str,
        everywhere: bool,
        labels: str,
        fields: str,
    ) -> None:
        self._cluster, self._kind, self._into = cluster, kind, into
        self._namespace = "" if everywhere else namespace or cluster.access.namespace
        self._labels, self._fields = labels, fields
        self._known: dict[str, Change[T]] = {}
        self._version = ""

    async def look(self) -> list[Change[T]]:
        """List, and say what is different from what has been told."""
        listing = await find(
            self._cluster,
            self._kind,
            msgspec.Raw,
            namespace=self._namespace,
            everywhere=not self._namespace,
            labels=self._labels,
            fields=self._fields,
        )
        self._version = listing.version
        before, self._known = self._known, {}
        for item in listing.items:
            change = self._change(item)
            self._known[change.uid] = change
        return list(self._different(before))

    async def follow(self) -> AsyncGenerator[Change[T], None]:
        """One watch from where we are, until the server ends it. Raises Expired, ClusterLost."""
        query: Query = {
            "watch": True,
            "resourceVersion": self._version,
            "allowWatchBookmarks": True,
            "timeoutSeconds": _SECONDS,
            "labelSelector": self._labels or None,
            "fieldSelector": self._fields or None,
        }
        path = self._kind.path(self._namespace)
        async with self._cluster.open("GET", path, query) as answer, aclosing(_lines(answer)) as lines:
            async for line in lines:
                event = decoded(line, _Event, f"GET {path}")
                if event.type == "ERROR":
                    raise of_status(decoded(event.object, Status, path), f"GET {path}?watch")
                if event.type == "BOOKMARK":
                    self._version = decoded(event.object, Head, path).metadata.resourceVersion
                    continue
                yield self._taken(self._change(event.object, deleted=event.type == "DELETED"))

    def _taken(self, change: Change[T]) -> Change[T]:
        self._version = change.version
        if change.deleted:
            self._known.pop(change.uid, None)
        else:
            self._known[change.uid] = change
        return change

    def _different(self, before: dict[str, Change[T]]) -> Iterator[Change[T]]:
        for uid, change in before.items():
            if uid not in self._known:
                yield msgspec.structs.replace(change, deleted=True)
        for uid, change in self._known.items():
            if uid not in before or before[uid].version != change.version:
                yield change

    def _change(self, item: msgspec.Raw, *, deleted: bool = False) -> Change[T]:
        path = self._kind.path(self._namespace)
        metadata = decoded(item, Head, path).metadata
        return Change(
            object=decoded(item, self._into, path),
            name=metadata.name,
            namespace=metadata.namespace,
            uid=metadata.uid,
            version=metadata.resourceVersion,
            deleted=deleted,
        )


async def _lines(answer: Answer) -> AsyncGenerator[bytes, None]:
    pieces, rest = answer.pieces(), b""
    while True:
        try:
            async with asyncio.timeout(_SILENCE):
                piece = await anext(pieces, None)
        except TimeoutError:
            return
        if piece is None:
            return
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
