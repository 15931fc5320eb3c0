"""Watches through gaps that no real server shows on demand: history that is gone, lines that are cut."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from moorage.kube.client import Cluster
from moorage.kube.kinds import POD
from moorage.kube.objects import Head
from moorage.kube.watch import Synced, watch
from tests.unit.kube.standin import Request, connected, status


def pod(name: str, version: int) -> dict[str, object]:
    return {"metadata": {"name": name, "uid": f"u-{name}", "resourceVersion": str(version)}}


def listing(version: int, *items: object) -> dict[str, object]:
    return {"metadata": {"resourceVersion": str(version)}, "items": list(items)}


async def told(cluster: Cluster, count: int) -> list[str]:
    seen: list[str] = []
    async with asyncio.timeout(5), aclosing(watch(cluster, POD, Head)) as changes:
        async for change in changes:
            if isinstance(change, Synced):
                seen.append("synced")
            else:
                seen.append(f"{'-' if change.deleted else '+'}{change.name}{change.version}")
            if len(seen) == count:
                break
    return seen


async def test_what_was_missed_is_found_by_listing_again() -> None:
    asked: list[str] = []

    async def handler(request: Request) -> None:
        asked.append(request.target.partition("?")[2])
        if "watch=true" not in request.target:
            first = sum("watch" not in each for each in asked) == 1
            old, new = (pod("a", 1), pod("b", 2)), (pod("a", 1), pod("c", 9))
            await request.answer(200, listing(3, *old) if first else listing(10, *new))
        elif "resourceVersion=3" in request.target:
            gone = {"type": "ERROR", "object": status(410, "Expired", "too old resource version")}
            await request.stream({"type": "MODIFIED", "object": pod("b", 4)}, gone)
        else:
            await request.stream({"type": "DELETED", "object": pod("a", 11)})

    async with connected(handler) as cluster:
        assert await told(cluster, 7) == ["+a1", "+b2", "synced", "+b4", "-b4", "+c9", "-a11"]
    assert any("resourceVersion=10&" in each for each in asked)


async def test_a_gone_answer_lists_again() -> None:
    asked: list[str] = []

    async def handler(request: Request) -> None:
        asked.append(request.target)
        if "watch=true" not in request.target:
            await request.answer(200, listing(len(asked), pod("a", len(asked))))
        elif len(asked) == 2:
            await request.answer(410, status(410, "Gone"))
        else:
            await request.stream()

    async with connected(handler) as cluster:
        assert await told(cluster, 3) == ["+a1", "synced", "+a3"]


async def test_after_a_bookmark_and_a_cut_it_goes_on_from_there() -> None:
    asked: list[str] = []

    async def handler(request: Request) -> None:
        asked.append(request.target)
        if "watch=true" not in request.target:
            await request.answer(200, listing(1))
        elif len(asked) == 2:
            request.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            line = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"50"}}}\n'
            request.writer.write(b'%x\r\n%b\r\n3\r\n{"t\r\n' % (len(line), line))
            await request.writer.drain()
            await asyncio.sleep(0.05)
            request.cut()
        else:
            await request.stream({"type": "ADDED", "object": pod("a", 51)})

    async with connected(handler) as cluster:
        assert await told(cluster, 2) == ["synced", "+a51"]
    assert "resourceVersion=50&" in asked[2]
