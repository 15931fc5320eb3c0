"""The light way to registries: what it answers itself, and what it leaves to the usual one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.facts.direct import DirectWay
from moorage.oci.configuration import Trust
from moorage.oci.transport import Document, Interrupted, Request
from tests.integration.oci.standin import Reply, Standin


@pytest.fixture
async def way() -> AsyncIterator[DirectWay]:
    one = DirectWay({})
    yield one
    await one.close()


async def ask(way: DirectWay, url: str, *, method: str = "GET", limit: int = 1000) -> Document | None:
    request = Request(method=method, url=url, headers={"Accept": "a/b", "Authorization": "Basic x"})
    return await way.ask(request, limit=limit, connect=1, stall=0.5)


async def test_an_answer_as_a_whole(way: DirectWay, standin: Standin) -> None:
    standin.content["/v2/a"] = Reply(headers={"Content-Type": "x/y"}, body=b"text")
    found = await ask(way, f"http://{standin.address}/v2/a?n=1")
    assert found
    assert (found.status, found.headers["content-type"], found.body) == (200, "x/y", b"text")
    (seen,) = standin.seen
    assert seen.path == "/v2/a?n=1"
    assert seen.headers["host"] == standin.address
    assert (seen.headers["accept"], seen.authorization) == ("a/b", "Basic x")


@pytest.mark.parametrize("status", [401, 404, 429, 500])
async def test_refusals_are_answers_too(way: DirectWay, standin: Standin, status: int) -> None:
    standin.content["/v2/a"] = Reply(status, {"WWW-Authenticate": "Basic"}, b"no")
    found = await ask(way, f"http://{standin.address}/v2/a")
    assert found
    assert (found.status, found.headers["www-authenticate"], found.body) == (status, "Basic", b"no")


async def test_heads_have_no_body_and_the_connection_goes_on(way: DirectWay, standin: Standin) -> None:
    standin.content["/v2/a"] = Reply(body=b"text")
    for method, body in (("HEAD", b""), ("GET", b"text"), ("HEAD", b"")):
        found = await ask(way, f"http://{standin.address}/v2/a", method=method)
        assert found
        assert (found.headers["content-length"], found.body) == ("4", body)
    assert sum(len(kept) for kept in way._idle.values()) == 1


async def test_no_more_is_read_than_is_asked_for(way: DirectWay, standin: Standin) -> None:
    standin.content["/v2/a"] = Reply(body=b"x" * 500_000)
    found = await ask(way, f"http://{standin.address}/v2/a", limit=100)
    assert found
    assert len(found.body) == 101


async def test_a_connection_that_was_closed_meanwhile_is_replaced(way: DirectWay, standin: Standin) -> None:
    standin.content["/v2/a"] = Reply(body=b"text")
    standin.first("GET /v2/a", Reply(headers={"Content-Length": "4"}, body=b"text"), Reply(body=b"text"))
    await ask(way, f"http://{standin.address}/v2/a")
    for kept in way._idle.values():
        for connection in kept:
            await connection.wire.close()
    found = await ask(way, f"http://{standin.address}/v2/a")
    assert found
    assert found.body == b"text"


@pytest.mark.parametrize(
    "reply",
    [Reply(silent=True), Reply(headers={"Content-Length": "900"}, body=b"part", cut=4)],
    ids=["silent", "cut"],
)
async def test_trouble_is_told(way: DirectWay, standin: Standin, reply: Reply) -> None:
    standin.rule("/v2/", lambda seen: reply)
    with pytest.raises(Interrupted):
        await ask(way, f"http://{standin.address}/v2/a")


@pytest.mark.parametrize("status", [301, 307, 308])
async def test_redirects_are_left_to_others(way: DirectWay, standin: Standin, status: int) -> None:
    standin.content["/v2/a"] = Reply(status, {"Location": "http://elsewhere.invalid/"})
    assert await ask(way, f"http://{standin.address}/v2/a") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/v2/a",
        "ftp://127.0.0.1/a",
        "http://user@127.0.0.1:9/a",
        "http://127.0.0.1:99999/a",
        "http://127.0.0.1:9/a b",
        "http://127.0.0.1:9/a\r\nX-Evil: 1",
        "http:///a",
    ],
)
async def test_what_cannot_be_asked_is_left_to_others(way: DirectWay, url: str) -> None:
    assert await ask(way, url) is None


async def test_a_proxy_or_an_own_authority_is_left_to_others(standin: Standin, tmp_path: Path) -> None:
    proxied = DirectWay({"https_proxy": "http://proxy.invalid"})
    assert await ask(proxied, "https://registry.invalid/v2/") is None
    standin.content["/v2/a"] = Reply(body=b"text")
    assert await ask(proxied, f"http://{standin.address}/v2/a")
    await proxied.close()
    for trust in (Trust(verify=False), Trust(ca_files=("x",)), Trust(folder=str(tmp_path))):
        request = Request(method="GET", url=f"https://{standin.address}/v2/a", trust=trust)
        assert await DirectWay({}).ask(request, limit=10, connect=1, stall=1) is None


def test_looking_a_feature_up_loads_no_http_library(registry: str, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from moorage.facts.features.finder import Finder\n"
        "from moorage.oci.failures import ImageNotFound\n"
        "from moorage.planner.questions import ReadFeature\n"
        "async def main():\n"
        f"    async with Finder(Path({str(tmp_path)!r})) as finder:\n"
        f"        await finder.find(ReadFeature(reference='{registry}/moorage-test/nothing'))\n"
        "try:\n    asyncio.run(main())\n"
        "except ImageNotFound:\n    print(sorted({'httpx2', 'rich', 'tarfile'} & set(sys.modules)))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={"PATH": ""})
    assert told.stdout == "[]\n", told.stderr
