"""Faults: how long the client insists, and what it says when it stops."""

from __future__ import annotations

import pytest

from moorage.oci.failures import BadAnswer, DigestMismatch, ImageNotFound, RateLimited, RegistryUnreachable
from moorage.oci.manifest import Descriptor, Platform
from moorage.oci.reference import parse
from moorage.oci.transport import Patience
from tests.integration.oci.bench import Bench
from tests.integration.oci.standin import Reply, Standin, digest

AMD64 = Platform(os="linux", architecture="amd64")
MANIFEST = "HEAD /v2/acme/app/manifests/1"
BODY = bytes(range(256)) * 400


def blob_of(body: bytes) -> Descriptor:
    return Descriptor(digest=digest(body), size=len(body))


async def read(chunks: object) -> bytes:
    return b"".join([chunk async for chunk in chunks])  # type: ignore[attr-defined]


async def test_retry_after_is_honoured(bench: Bench, standin: Standin) -> None:
    standin.put_image("acme/app", "1", {})
    standin.first(MANIFEST, Reply(429, {"Retry-After": "7"}), Reply(503, {"Retry-After": "0"}))
    client = await bench.client()
    assert await client.head(parse(f"{standin.address}/acme/app:1"))
    assert bench.time.slept == [7.0, 1.0]


async def test_back_off_grows_and_ends(bench: Bench, standin: Standin) -> None:
    standin.rule("/v2/", lambda seen: Reply(500, body=b"\x1b[31mboom\nsecond line"))
    client = await bench.client()
    with pytest.raises(RegistryUnreachable) as caught:
        await client.tags(parse(f"{standin.address}/acme/app"))
    assert bench.time.slept == [0.5, 1.0, 2.0, 4.0]
    assert caught.value.evidence[:3] == ("HTTP 500", "[31mboom", "second line")
    assert standin.address in caught.value.message


async def test_a_wait_beyond_the_limit_is_not_begun(bench: Bench, standin: Standin) -> None:
    standin.rule("/v2/", lambda seen: Reply(429, {"Retry-After": "3600"}))
    client = await bench.client()
    with pytest.raises(RateLimited) as caught:
        await client.head(parse(f"{standin.address}/acme/app:1"))
    assert bench.time.slept == []
    assert "3600 s" in caught.value.hint
    assert "docker login" in caught.value.hint


async def test_a_connection_that_breaks_in_a_document_is_tried_again(bench: Bench, standin: Standin) -> None:
    standin.put_image("acme/app", "1", {})
    whole = standin.content["/v2/acme/app/manifests/1"]
    standin.first("GET /v2/acme/app/manifests/1", Reply(headers=whole.headers, body=whole.body, cut=10))
    client = await bench.client()
    descriptor, _ = await client.manifest(parse(f"{standin.address}/acme/app:1"), AMD64)
    assert descriptor.size == len(whole.body)


async def test_a_server_that_says_nothing_is_given_up(bench: Bench, standin: Standin) -> None:
    standin.rule("/v2/", lambda seen: Reply(silent=True))
    client = await bench.client(patience=Patience(stall=0.02, attempts=2))
    with pytest.raises(RegistryUnreachable) as caught:
        await client.head(parse(f"{standin.address}/acme/app:1"))
    assert "no answer in time" in caught.value.evidence


async def test_a_document_as_a_whole_has_a_deadline(bench: Bench, standin: Standin) -> None:
    standin.rule("/v2/", lambda seen: Reply(silent=True))
    client = await bench.client(patience=Patience(total=0.05))
    with pytest.raises(RegistryUnreachable) as caught:
        await client.head(parse(f"{standin.address}/acme/app:1"))
    assert "within 0.05 s" in caught.value.evidence[0]


async def test_nobody_listens(bench: Bench) -> None:
    client = await bench.client()
    with pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:9 cannot be reached") as caught:
        await client.head(parse("127.0.0.1:9/acme/app:1"))
    assert any("https://127.0.0.1:9" in line for line in caught.value.evidence)
    assert caught.value.hint


async def test_a_blob_goes_on_where_it_broke(bench: Bench, standin: Standin) -> None:
    standin.put_blob("acme/app", BODY)
    path = f"GET /v2/acme/app/blobs/{digest(BODY)}"
    rest = Reply(206, {"Content-Range": f"bytes 1000-{len(BODY) - 1}/{len(BODY)}"}, BODY[1000:])
    standin.first(path, Reply(body=BODY, cut=1000), rest)
    client = await bench.client()
    assert await read(client.blob(parse(f"{standin.address}/acme/app"), blob_of(BODY))) == BODY
    assert [seen.headers.get("range") for seen in standin.seen] == [None, "bytes=1000-"]


async def test_a_server_without_ranges_sends_all_again(bench: Bench, standin: Standin) -> None:
    standin.put_blob("acme/app", BODY)
    standin.first(f"GET /v2/acme/app/blobs/{digest(BODY)}", Reply(body=BODY, cut=70_000))
    client = await bench.client()
    assert await read(client.blob(parse(f"{standin.address}/acme/app"), blob_of(BODY))) == BODY


async def test_a_blob_that_never_moves_is_given_up(bench: Bench, standin: Standin) -> None:
    standin.rule("/v2/", lambda seen: Reply(200, body=BODY, cut=0))
    client = await bench.client()
    with pytest.raises(RegistryUnreachable, match="again and again") as caught:
        await read(client.blob(parse(f"{standin.address}/acme/app"), blob_of(BODY)))
    assert f"0 of {len(BODY)} bytes" in caught.value.evidence[0]


@pytest.mark.parametrize("served", [BODY[:-1] + b"x", BODY + b"x", BODY[:-1]])
async def test_a_blob_with_other_bytes_never_ends_well(bench: Bench, standin: Standin, served: bytes) -> None:
    standin.rule("/v2/", lambda seen: Reply(body=served))
    client = await bench.client()
    with pytest.raises(DigestMismatch, match="does not have the content"):
        await read(client.blob(parse(f"{standin.address}/acme/app"), blob_of(BODY)))


async def test_a_manifest_that_is_not_what_was_pinned(bench: Bench, standin: Standin) -> None:
    standin.put_image("acme/app", "1", {})
    wrong = "sha256:" + "0" * 64
    standin.content[f"/v2/acme/app/manifests/{wrong}"] = standin.content["/v2/acme/app/manifests/1"]
    client = await bench.client()
    with pytest.raises(DigestMismatch):
        await client.manifest(parse(f"{standin.address}/acme/app@{wrong}"), AMD64)


async def test_a_web_page_is_no_manifest(bench: Bench, standin: Standin) -> None:
    page = Reply(headers={"Content-Type": "text/html"}, body=b"<html>hotel network</html>")
    standin.rule("/v2/", lambda seen: page)
    client = await bench.client()
    with pytest.raises(BadAnswer, match="not described by an image manifest"):
        await client.manifest(parse(f"{standin.address}/acme/app:1"), AMD64)


async def test_a_document_without_end_is_cut(bench: Bench, standin: Standin) -> None:
    standin.rule("/v2/", lambda seen: Reply(body=b" " * (5 * 1024 * 1024)))
    client = await bench.client()
    with pytest.raises(BadAnswer, match="more than 4194304 bytes"):
        await client.manifest(parse(f"{standin.address}/acme/app:1"), AMD64)


async def test_not_found_names_the_image(bench: Bench, standin: Standin) -> None:
    client = await bench.client()
    with pytest.raises(ImageNotFound) as caught:
        await client.manifest(parse(f"{standin.address}/acme/app:1"), AMD64)
    assert f"{standin.address}/acme/app:1" in caught.value.message
    assert "MANIFEST_UNKNOWN: manifest unknown" in caught.value.evidence
    assert await client.head(parse(f"{standin.address}/acme/app:1")) is None
