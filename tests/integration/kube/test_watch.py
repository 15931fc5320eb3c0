"""Following objects of a real API server, also while it restarts."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from moorage.kube.client import Cluster
from moorage.kube.kinds import CONFIG_MAP
from moorage.kube.objects import Head, apply, create, delete
from moorage.kube.watch import Synced, watch
from tests.cluster.cluster import Cluster as RealCluster


def config_map(name: str, value: str = "") -> dict[str, object]:
    metadata = {"name": name, "labels": {"watched": "yes"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": value}}


class Seen:
    """What a watch has told so far: "+name" and "-name"."""

    def __init__(self, kube: Cluster) -> None:
        self.words: list[str] = []
        self._kube = kube
        self._changed = asyncio.Condition()

    async def follow(self) -> None:
        async with aclosing(watch(self._kube, CONFIG_MAP, Head, labels="watched=yes")) as changes:
            async for change in changes:
                word = "synced"
                if not isinstance(change, Synced):
                    word = f"{'-' if change.deleted else '+'}{change.name}"
                async with self._changed:
                    self.words.append(word)
                    self._changed.notify_all()

    async def wait_for(self, word: str) -> None:
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: word in self.words)


async def test_what_is_there_and_what_changes_is_told(kube: Cluster) -> None:
    await create(kube, config_map("a"), Head)
    seen = Seen(kube)
    following = asyncio.create_task(seen.follow())
    await seen.wait_for("synced")
    await create(kube, config_map("b"), Head)
    await seen.wait_for("+b")
    await apply(kube, config_map("a", "2"), Head)
    await delete(kube, CONFIG_MAP, "b")
    await seen.wait_for("-b")
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert seen.words == ["+a", "synced", "+b", "+a", "-b"]


@pytest.mark.serial
async def test_a_watch_goes_on_after_the_api_server_was_away(kube: Cluster, cluster: RealCluster) -> None:
    seen = Seen(kube)
    following = asyncio.create_task(seen.follow())
    await create(kube, config_map("a"), Head)
    await seen.wait_for("+a")
    gone = cluster.api_server_gone()
    await asyncio.to_thread(gone.__enter__)
    await asyncio.sleep(0.2)
    await asyncio.to_thread(gone.__exit__, None, None, None)
    await delete(kube, CONFIG_MAP, "a")
    await create(kube, config_map("b"), Head)
    await seen.wait_for("-a")
    await seen.wait_for("+b")
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
