"""Uploads that break, and where their bytes may go."""

from __future__ import annotations

import pytest

from moorage.oci.credentials import Credential
from moorage.oci.failures import BadAnswer, DigestMismatch, RegistryUnreachable
from moorage.oci.manifest import OCI_MANIFEST, Descriptor
from moorage.oci.reference import parse
from tests.integration.oci.bench import Bench, Known
from tests.integration.oci.standin import Reply, Seen, Standin, digest

BODY = b"layer" * 1000
BLOB = Descriptor(digest=digest(BODY), size=len(BODY))
BEGIN = "/v2/acme/app/blobs/uploads/"


def accepting(standin: Standin, location: str) -> None:
    standin.rule(BEGIN, lambda seen: Reply(202, {"Location": location}))


async def test_an_upload_that_breaks_begins_again(bench: Bench, standin: Standin) -> None:
    accepting(standin, "/upload/1?state=x")
    standin.first("PUT /upload/1", Reply(500), Reply(silent=False, cut=0, body=b"x"), Reply(201))
    client = await bench.client()
    assert await client.upload_blob(parse(f"{standin.address}/acme/app"), BLOB, BODY) == "sent"
    puts = [seen for seen in standin.seen if seen.method == "PUT"]
    assert [seen.body for seen in puts] == [BODY] * 3
    assert puts[0].query == {"state": ["x"], "digest": [BLOB.digest]}
    assert standin.paths().count(f"POST {BEGIN}") == 3


async def test_an_upload_that_always_breaks_is_given_up(bench: Bench, standin: Standin) -> None:
    accepting(standin, "/upload/1")
    standin.rule("/upload/", lambda seen: Reply(503))
    client = await bench.client()
    with pytest.raises(RegistryUnreachable, match="cannot answer"):
        await client.upload_blob(parse(f"{standin.address}/acme/app"), BLOB, BODY)
    assert bench.time.slept == [0.5, 1.0, 2.0, 4.0]


async def test_bytes_for_another_host_go_without_login(
    bench: Bench, standin: Standin, mirror: Standin
) -> None:
    def guarded(seen: Seen) -> Reply:
        if not seen.authorization:
            return Reply(401, {"WWW-Authenticate": 'Basic realm="x"'})
        return (
            Reply(202, {"Location": f"http://{mirror.address}/put"}) if seen.method == "POST" else Reply(404)
        )

    standin.rule("/v2/", guarded)
    mirror.rule("/put", lambda seen: Reply(201))
    known = Known({standin.address: Credential(username="ann", password="secret-of-ann")})
    client = await bench.client(credentials=known)
    assert await client.upload_blob(parse(f"{standin.address}/acme/app"), BLOB, BODY) == "sent"
    assert [(seen.authorization, seen.body) for seen in mirror.seen] == [("", BODY)]


async def test_no_place_to_upload_to(bench: Bench, standin: Standin) -> None:
    accepting(standin, "ftp://elsewhere/put")
    client = await bench.client()
    with pytest.raises(BadAnswer, match="names no place"):
        await client.upload_blob(parse(f"{standin.address}/acme/app"), BLOB, BODY)


async def test_a_registry_that_stored_another_manifest(bench: Bench, standin: Standin) -> None:
    told = {"Docker-Content-Digest": "sha256:" + "0" * 64}
    standin.rule("/v2/", lambda seen: Reply(201, told))
    client = await bench.client()
    with pytest.raises(DigestMismatch):
        await client.put_manifest(parse(f"{standin.address}/acme/app:1"), b"{}", OCI_MANIFEST)
