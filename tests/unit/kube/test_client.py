"""Requests to a server that goes away, refuses for a while, or is no API server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from moorage.kube import errors
from moorage.kube.access import Access, User
from moorage.kube.client import Cluster, target_of
from moorage.kube.kinds import CONFIG_MAP
from moorage.kube.objects import Head, find, get
from tests.unit.kube.standin import Request, connected, serving, status


async def test_a_kept_connection_that_the_server_ended_is_no_failure() -> None:
    async def handler(request: Request) -> None:
        await request.answer(200, {"metadata": {"name": "a"}})
        request.cut()

    async with connected(handler) as cluster:
        for _ in range(3):
            assert await get(cluster, CONFIG_MAP, "a", Head) is not None
            await asyncio.sleep(0.01)


async def test_a_server_that_was_there_is_waited_for() -> None:
    seen = []

    async def handler(request: Request) -> None:
        seen.append(request.target)
        if len(seen) in (2, 3):
            request.cut()
            return
        if len(seen) == 4:
            await request.answer(503, status(503, "ServiceUnavailable"))
            return
        if len(seen) == 5:
            await request.answer(403, status(403, "Forbidden", "roles are not read yet"))
            return
        await request.answer(200, {"metadata": {"name": "a"}})

    said: list[str] = []
    async with serving(handler) as access, Cluster(access, {}, say=said.append) as cluster:
        for _ in range(2):
            assert await get(cluster, CONFIG_MAP, "a", Head) is not None
    assert len(seen) == 6
    assert len(said) == 1


async def test_a_server_that_was_never_there_is_told_at_once() -> None:
    async def handler(request: Request) -> None: ...

    async with serving(handler) as access:
        pass
    async with Cluster(access, {}, patience=60) as cluster:
        with pytest.raises(errors.ClusterUnreachable) as caught:
            await get(cluster, CONFIG_MAP, "a", Head)
    assert "efused" in caught.value.evidence[0] or "Connect" in caught.value.evidence[0]


async def test_a_server_that_does_not_come_back_is_told() -> None:
    seen = []

    async def handler(request: Request) -> None:
        seen.append(request)
        if len(seen) > 1:
            request.cut()
            return
        await request.answer(200, {"metadata": {"name": "a"}})

    async with connected(handler, patience=0.3) as cluster:
        await get(cluster, CONFIG_MAP, "a", Head)
        with pytest.raises(errors.ClusterLost):
            await get(cluster, CONFIG_MAP, "a", Head)
    assert len(seen) > 2


async def test_a_server_with_too_much_to_do_is_asked_later() -> None:
    seen = []

    async def handler(request: Request) -> None:
        seen.append(request)
        if len(seen) == 1:
            await request.answer(429, status(429, "TooManyRequests"), Retry_After="0")
            return
        await request.answer(200, {"metadata": {"name": "a"}})

    async with connected(handler) as cluster:
        assert await get(cluster, CONFIG_MAP, "a", Head) is not None
    assert len(seen) == 2


async def test_a_silent_server_has_a_deadline() -> None:
    async def handler(request: Request) -> None:
        await asyncio.sleep(60)

    async with connected(handler) as cluster:
        with pytest.raises(errors.ClusterTimeout):
            await cluster.call("GET", "/x", timeout=0.1)


async def test_a_token_that_was_replaced_is_used(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")

    async def handler(request: Request) -> None:
        if request.headers["authorization"] == "Bearer new":
            await request.answer(200, {"metadata": {"name": "a"}})
            return
        path.write_text("new")
        await request.answer(401, status(401, "Unauthorized"))

    async with serving(handler) as access:
        user = User(token_file=str(path))
        async with Cluster(msgspec.structs.replace(access, user=user), {}) as cluster:
            assert await get(cluster, CONFIG_MAP, "a", Head) is not None


async def test_a_refused_token_is_told_with_where_it_is_from() -> None:
    async def handler(request: Request) -> None:
        await request.answer(401, status(401, "Unauthorized"))

    async with connected(handler) as cluster:
        with pytest.raises(errors.Unauthorized) as caught:
            await get(cluster, CONFIG_MAP, "a", Head)
    assert caught.value.evidence[-1] == "token from test"


async def test_lists_come_in_pages() -> None:
    async def handler(request: Request) -> None:
        first = "continue" not in request.target
        page = {"resourceVersion": "7", "continue": "c/1" if first else ""}
        name = "a" if first else "b"
        await request.answer(200, {"metadata": page, "items": [{"metadata": {"name": name}}]})

    async with connected(handler) as cluster:
        listing = await find(cluster, CONFIG_MAP, Head, labels="x=y")
    assert [each.metadata.name for each in listing.items] == ["a", "b"]
    assert listing.version == "7"


async def test_a_page_for_people_is_no_api_server() -> None:
    async def handler(request: Request) -> None:
        await request.answer(404, b"<html>nothing here</html>")

    async with connected(handler) as cluster:
        with pytest.raises(errors.NotKubernetes):
            await get(cluster, CONFIG_MAP, "a", Head)


async def test_an_answer_that_is_none_is_told() -> None:
    async def handler(request: Request) -> None:
        await request.answer(200, b"hello")

    async with connected(handler) as cluster:
        with pytest.raises(errors.ClusterRefused):
            await get(cluster, CONFIG_MAP, "a", Head)


async def test_names_cannot_leave_their_place_in_the_path() -> None:
    seen = []

    async def handler(request: Request) -> None:
        seen.append(request.target)
        await request.answer(404, status(404, "NotFound"))

    async with connected(handler) as cluster:
        await get(cluster, CONFIG_MAP, "../x?y", Head, namespace="a/b")
    assert seen == ["/api/v1/namespaces/a%2Fb/configmaps/..%2Fx%3Fy"]


def test_a_query_is_written() -> None:
    assert target_of("/x", {"a": "b c", "n": None, "f": False, "t": True, "i": 3}) == "/x?a=b%20c&t=true&i=3"
    assert target_of("/x", (("command", "a"), ("command", "ä"))) == "/x?command=a&command=%C3%A4"


async def test_a_path_before_the_api_is_kept() -> None:
    seen = []

    async def handler(request: Request) -> None:
        seen.append(request.target)
        await request.answer(404, status(404, "NotFound"))

    async with serving(handler) as access:
        behind: Access = msgspec.structs.replace(access, server=f"{access.server}/k8s/clusters/c")
        async with Cluster(behind, {}) as cluster:
            await get(cluster, CONFIG_MAP, "a", Head)
    assert seen == ["/k8s/clusters/c/api/v1/namespaces/default/configmaps/a"]
