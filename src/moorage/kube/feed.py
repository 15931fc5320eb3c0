"""One watch that several follow: many waits in one namespace ask the server for its events once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Generic, TypeVar

import msgspec

from .watch import Change, Synced

T = TypeVar("T")


class _Follower(msgspec.Struct, Generic[T], eq=False):
    wanted: Callable[[T], bool]
    queue: asyncio.Queue[Change[T] | Exception]


class Feed(Generic[T]):
    """A watch that begins with its first follower and ends with its last.

    `begin` gives it, as `watch.watch` does. Whoever comes later is told first what is there.
    """

    def __init__(self, begin: Callable[[], AsyncGenerator[Change[T] | Synced, None]]) -> None:
        self._begin = begin
        self._kept: dict[str, Change[T]] = {}
        self._followers: set[_Follower[T]] = set()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, wanted: Callable[[T], bool]) -> AsyncGenerator[Change[T], None]:
        """Each wanted object's present state, then its changes, without an end. Raises as `watch.watch`.

        Wrap it in `contextlib.aclosing`.
        """
        follower: _Follower[T] = _Follower(wanted, asyncio.Queue())
        self._followers.add(follower)
        for change in self._kept.values():
            self._tell(follower, change)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            while True:
                told = await follower.queue.get()
                if isinstance(told, Exception):
                    raise told
                yield told
        finally:
            self._followers.discard(follower)
            if not self._followers:
                await self._end()

    async def _watch(self) -> None:
        try:
            async with aclosing(self._begin()) as changes:
                async for change in changes:
                    if not isinstance(change, Synced):
                        self._take(change)
        except Exception as error:
            self._kept.clear()
            for follower in self._followers:
                follower.queue.put_nowait(error)

    def _take(self, change: Change[T]) -> None:
        if change.deleted:
            self._kept.pop(change.uid, None)
        else:
            self._kept[change.uid] = change
        for follower in self._followers:
            self._tell(follower, change)

    def _tell(self, follower: _Follower[T], change: Change[T]) -> None:
        if follower.wanted(change.object):
            follower.queue.put_nowait(change)

    async def _end(self) -> None:
        task, self._task = self._task, None
        self._kept.clear()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
