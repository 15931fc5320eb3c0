"""What an image is, from registries that behave: platforms, mirrors, redirects, pages."""

from __future__ import annotations

import json

import pytest

from moorage.oci.configuration import Registries
from moorage.oci.credentials import Credential
from moorage.oci.failures import BadAnswer, ImageNotFound, PlatformMissing
from moorage.oci.manifest import Descriptor, parse_platform
from moorage.oci.reference import parse
from tests.integration.oci.bench import Bench, Known
from tests.integration.oci.standin import Reply, Seen, Standin, digest

AMD64 = parse_platform("amd64")


def on(platform: str, entry: dict[str, object]) -> dict[str, object]:
    os, architecture, *variant = platform.split("/")
    named = {"os": os, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
    return {**entry, "platform": named}


async def test_the_platform_decides(bench: Bench, standin: Standin) -> None:
    entries = [
        on("unknown/unknown", standin.put_image("acme/app", "attestation", {"is": "attestation"})),
        on("linux/arm64/v8", standin.put_image("acme/app", "arm", {"is": "arm64"})),
        on("linux/amd64", standin.put_image("acme/app", "intel", {"is": "amd64"})),
    ]
    root = standin.put_index("acme/app", "1", entries)
    client = await bench.client()
    image = await client.inspect(parse(f"{standin.address}/acme/app:1"), parse_platform("aarch64"))
    assert image.config == {"is": "arm64"}
    assert image.root.digest == root["digest"]
    assert image.descriptor.digest == entries[1]["digest"]


async def test_a_missing_platform_names_those_that_exist(bench: Bench, standin: Standin) -> None:
    entries = [
        on("linux/arm64", standin.put_image("acme/app", "arm", {})),
        on("unknown/unknown", standin.put_image("acme/app", "other", {})),
    ]
    standin.put_index("acme/app", "1", entries)
    client = await bench.client()
    with pytest.raises(PlatformMissing, match="no image for linux/amd64") as caught:
        await client.image_config(parse(f"{standin.address}/acme/app:1"), AMD64)
    assert caught.value.evidence == ("it has: linux/arm64",)


async def test_an_index_that_contains_itself_ends(bench: Bench, standin: Standin) -> None:
    inner = standin.put_index("acme/app", "a", [on("linux/amd64", standin.put_image("acme/app", "i", {}))])
    for name in "bcd":
        inner = standin.put_index("acme/app", name, [on("linux/amd64", inner)])
    client = await bench.client()
    with pytest.raises(BadAnswer, match="index of indexes"):
        await client.manifest(parse(f"{standin.address}/acme/app:d"), AMD64)


async def test_a_registry_that_names_no_digest(bench: Bench, standin: Standin) -> None:
    wanted = standin.put_image("acme/app", "1", {})
    path = "/v2/acme/app/manifests/1"
    kind = {"Content-Type": str(wanted["mediaType"])}
    standin.content[path] = Reply(headers=kind, body=standin.content[path].body)
    client = await bench.client()
    found = await client.head(parse(f"{standin.address}/acme/app:1"))
    assert found is not None
    assert (found.digest, found.size, found.media_type) == (
        wanted["digest"],
        wanted["size"],
        wanted["mediaType"],
    )


async def test_tags_follow_the_pages_of_the_same_address(bench: Bench, standin: Standin) -> None:
    def page(seen: Seen) -> Reply:
        if seen.query.get("last") == ["b"]:
            return Reply(body=json.dumps({"tags": ["c"]}).encode())
        link = {"Link": '<http://evil.example/v2/x/tags/list?n=2&last=b>; rel="next"'}
        return Reply(headers=link, body=json.dumps({"tags": ["a", "b"]}).encode())

    standin.rule("/v2/acme/app/tags/list", page)
    client = await bench.client()
    assert await client.tags(parse(f"{standin.address}/acme/app")) == ["a", "b", "c"]


async def test_a_redirect_to_storage_takes_no_login_along(
    bench: Bench, standin: Standin, mirror: Standin
) -> None:
    """A blob lies elsewhere (here: another port, so another origin)."""
    body = b"layer"
    mirror.content["/storage"] = Reply(body=body)
    away = Reply(307, {"Location": f"http://{mirror.address}/storage"})

    def guarded(seen: Seen) -> Reply:
        return away if seen.authorization else Reply(401, {"WWW-Authenticate": 'Basic realm="x"'})

    standin.rule("/v2/", guarded)
    known = Known({standin.address: Credential(username="ann", password="secret-of-ann")})
    client = await bench.client(credentials=known)
    reference = parse(f"{standin.address}/acme/app")
    chunks = client.blob(reference, Descriptor(digest=digest(body), size=len(body)))
    assert b"".join([chunk async for chunk in chunks]) == body
    assert [seen.authorization for seen in mirror.seen] == [""]


class TestMirrors:
    async def test_a_mirror_is_asked_instead(self, bench: Bench, mirror: Standin) -> None:
        mirror.put_image("library/python", "3", {"from": "mirror"})
        client = await bench.client(Registries(mirrors={"docker.io": (f"http://{mirror.address}/",)}))
        assert await client.image_config(parse("python:3"), AMD64) == {"from": "mirror"}
        assert bench.events.all == []

    async def test_what_it_lacks_comes_from_the_registry(
        self, bench: Bench, standin: Standin, mirror: Standin
    ) -> None:
        standin.put_image("acme/app", "1", {"from": "registry"})
        client = await bench.client(Registries(mirrors={standin.address: (mirror.address,)}))
        reference = parse(f"{standin.address}/acme/app:1")
        assert await client.image_config(reference, AMD64) == {"from": "registry"}
        assert bench.events.all == []

    async def test_one_that_fails_is_passed_over_aloud(
        self, bench: Bench, standin: Standin, mirror: Standin
    ) -> None:
        mirror.rule("/v2/", lambda seen: Reply(500))
        standin.put_image("acme/app", "1", {"from": "registry"})
        client = await bench.client(Registries(mirrors={standin.address: (f"http://{mirror.address}",)}))
        assert await client.image_config(parse(f"{standin.address}/acme/app:1"), AMD64)
        assert bench.events.codes == ["mirror-passed-over"]
        assert len(mirror.seen) == 2, "it is not asked again for every piece"

    async def test_it_gets_its_own_login_not_the_registry_s(
        self, bench: Bench, standin: Standin, mirror: Standin
    ) -> None:
        mirror.rule("/v2/", lambda seen: Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}))
        standin.put_image("acme/app", "1", {})
        known = Known({standin.address: Credential(username="ann", password="secret-of-ann")})
        client = await bench.client(Registries(mirrors={standin.address: (mirror.address,)}), known)
        assert await client.head(parse(f"{standin.address}/acme/app:1"))
        assert all(not seen.authorization for seen in mirror.seen)

    async def test_not_found_anywhere_is_the_registry_s_word(
        self, bench: Bench, standin: Standin, mirror: Standin
    ) -> None:
        client = await bench.client(Registries(mirrors={standin.address: (mirror.address,)}))
        with pytest.raises(ImageNotFound, match=standin.address):
            await client.manifest(parse(f"{standin.address}/acme/app:1"), AMD64)
