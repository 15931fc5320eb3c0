"""One watch that several follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from moorage.errors import EngineError
from moorage.kube.feed import Feed
from moorage.kube.watch import Change, Synced


class Source:
    """What stands for the API server: `begun` watches so far, and the one that runs is told by `tell`."""

    def __init__(self) -> None:
        self.begun = self.ended = 0
        self._told: asyncio.Queue[Change[str] | Synced | Exception] = asyncio.Queue()

    async def watch(self) -> AsyncGenerator[Change[str] | Synced, None]:
        self.begun += 1
        try:
            while True:
                told = await self._told.get()
                if isinstance(told, Exception):
                    raise told
                yield told
        finally:
            self.ended += 1

    def tell(self, *names: str) -> None:
        """A name with "-" before it is deleted."""
        for name in names:
            bare = name.removeprefix("-")
            self._told.put_nowait(
                Change(object=bare, name=bare, namespace="", uid=bare, version="", deleted=bare != name)
            )

    def sync(self) -> None:
        self._told.put_nowait(Synced())

    def fail(self, error: Exception) -> None:
        self._told.put_nowait(error)


async def first(feed: Feed[str], count: int, prefix: str = "") -> list[str]:
    words: list[str] = []
    async with asyncio.timeout(10), aclosing(feed.follow(lambda name: name.startswith(prefix))) as changes:
        async for change in changes:
            words.append(f"{'-' if change.deleted else ''}{change.name}")
            if len(words) == count:
                break
    return words


async def test_many_follow_one_watch_and_hear_what_each_wants() -> None:
    source = Source()
    feed = Feed(source.watch)
    both = asyncio.gather(first(feed, 2, "a"), first(feed, 3))
    await asyncio.sleep(0)
    source.tell("a1", "b1")
    source.sync()
    source.tell("-a1")
    assert await both == [["a1", "-a1"], ["a1", "b1", "-a1"]]
    assert (source.begun, source.ended) == (1, 1)


async def test_who_comes_later_hears_first_what_is_there() -> None:
    source = Source()
    feed = Feed(source.watch)
    staying = asyncio.create_task(first(feed, 5))
    source.tell("a", "b", "-a")
    assert await first(feed, 3) == ["a", "b", "-a"]
    late = asyncio.create_task(first(feed, 2))
    await asyncio.sleep(0)
    source.tell("c", "d")
    assert await late == ["b", "c"]
    assert await staying == ["a", "b", "-a", "c", "d"]
    assert source.begun == 1


async def test_the_watch_ends_with_its_last_follower_and_begins_anew() -> None:
    source = Source()
    feed = Feed(source.watch)
    for word in ("a", "b"):
        following = asyncio.create_task(first(feed, 1))
        source.tell(word)
        assert await following == [word]
    assert (source.begun, source.ended) == (2, 2)


async def test_an_error_reaches_all_and_the_next_one_begins_anew() -> None:
    source = Source()
    feed = Feed(source.watch)
    following = [asyncio.create_task(first(feed, 2)) for _ in range(2)]
    await asyncio.sleep(0)
    source.tell("a")
    source.fail(EngineError("The cluster is gone."))
    for each in following:
        with pytest.raises(EngineError):
            await each
    again = asyncio.create_task(first(feed, 1))
    source.tell("b")
    assert await again == ["b"]
    assert source.begun == 2
