"""Features behind servers that fail: nothing hangs, and each error names the Feature and what to do."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time

import pytest

from moorage.errors import ImageError
from moorage.facts.features.errors import DownloadFailed, FeatureUnusable
from moorage.oci.failures import DigestMismatch, LoginRequired, RateLimited, RegistryUnreachable
from moorage.oci.manifest import OCI_MANIFEST
from moorage.planner.questions import ReadFeature
from tests.integration.facts.conftest import MakeFinder
from tests.integration.facts.published import LAYER, archive, metadata
from tests.integration.oci.standin import Reply, Standin, descriptor, digest
from tests.unit.facts.archives import INSTALL

REPOSITORY = "ns/hello"
MANIFEST = f"/v2/{REPOSITORY}/manifests/latest"
TARBALL = "/releases/devcontainer-feature-hello.tgz"


def serve(standin: Standin, *, annotated: bool = True) -> tuple[str, bytes]:
    """A Feature, as a registry has it, and its layer."""
    layer = archive(metadata("hello"))
    standin.put_blob(REPOSITORY, layer)
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(b"{}", "application/vnd.devcontainers"),
        "layers": [descriptor(layer, LAYER)],
    }
    if annotated:
        document["annotations"] = {"dev.containers.metadata": json.dumps(metadata("hello"))}
    standin.put_manifest(REPOSITORY, "latest", document)
    return f"{standin.address}/{REPOSITORY}", layer


async def test_trouble_that_passes_is_waited_for(standin: Standin, finder: MakeFinder) -> None:
    reference, layer = serve(standin)
    standin.first(f"GET {MANIFEST}", Reply(429, {"Retry-After": "0"}), Reply(503))
    blob = f"GET /v2/{REPOSITORY}/blobs/{digest(layer)}"
    standin.first(blob, Reply(500), Reply(body=layer, cut=700))
    one = finder()
    found = await one.find(ReadFeature(reference=reference))
    assert (await one.content(found) / "install.sh").read_bytes() == INSTALL


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(429, {"Retry-After": "3600"}), RateLimited),
        (Reply(500), RegistryUnreachable),
        (Reply(503), RegistryUnreachable),
        (Reply(200, {"Content-Length": "9000"}, b"{", cut=1), RegistryUnreachable),
        (Reply(silent=True), RegistryUnreachable),
        (Reply(401, {"WWW-Authenticate": "Basic"}), LoginRequired),
        (Reply(403), LoginRequired),
        (Reply(200, {"Content-Type": "text/html"}, b"<html>log in</html>"), ImageError),
        (Reply(200, {"Content-Type": OCI_MANIFEST}, b"x" * (5 << 20)), ImageError),
    ],
    ids=["429", "500", "503", "reset", "silent", "401", "403", "a web page", "a huge manifest"],
)
async def test_trouble_that_stays_is_told_soon(
    standin: Standin, finder: MakeFinder, reply: Reply, kind: type[ImageError]
) -> None:
    standin.rule("/v2/", lambda seen: reply)
    reference = f"{standin.address}/{REPOSITORY}:1"
    begun = time.monotonic()
    with pytest.raises(kind) as caught:
        await finder().find(ReadFeature(reference=reference))
    assert time.monotonic() - begun < 8
    assert caught.value.message.startswith(f"Could not resolve Feature {reference!r}")
    assert "127.0.0.1" in caught.value.message.removeprefix(f"Could not resolve Feature {reference!r}")
    assert caught.value.hint


async def test_nobody_at_all_is_told_soon(finder: MakeFinder) -> None:
    with pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:9/ns/hello") as caught:
        await finder().find(ReadFeature(reference="127.0.0.1:9/ns/hello"))
    assert caught.value.hint


async def test_a_manifest_of_another_digest_is_never_used(standin: Standin, finder: MakeFinder) -> None:
    reference, _ = serve(standin)
    other = "sha256:" + hashlib.sha256(b"other").hexdigest()
    body = standin.content[MANIFEST].body
    standin.content[f"/v2/{REPOSITORY}/manifests/{other}"] = Reply(
        headers={"Content-Type": OCI_MANIFEST}, body=body
    )
    with pytest.raises(DigestMismatch, match="Could not resolve Feature"):
        await finder().find(ReadFeature(reference=reference, digest=other))


@pytest.mark.parametrize(
    "change", [lambda layer: layer[:-1] + b"x", lambda layer: layer + b"x", lambda layer: b""]
)
async def test_a_layer_of_another_digest_is_never_used(
    standin: Standin, finder: MakeFinder, change: object
) -> None:
    reference, layer = serve(standin)
    assert callable(change)
    standin.content[f"/v2/{REPOSITORY}/blobs/{digest(layer)}"] = Reply(body=change(layer))
    one = finder()
    found = await one.find(ReadFeature(reference=reference))
    with pytest.raises(ImageError, match="Could not resolve Feature"):
        await one.content(found)


async def test_a_known_pin_asks_nothing(standin: Standin, finder: MakeFinder) -> None:
    reference, _ = serve(standin)
    one = finder()
    found = await one.find(ReadFeature(reference=reference))
    await one.content(found)
    asked = len(standin.seen)
    other = finder()
    again = await other.find(ReadFeature(reference=reference, digest=found.digest))
    await other.content(again)
    assert len(standin.seen) == asked


async def test_equal_questions_at_the_same_time_are_one_request(standin: Standin, finder: MakeFinder) -> None:
    reference, _ = serve(standin)
    one = finder()
    await asyncio.gather(*(one.find(ReadFeature(reference=reference)) for _ in range(5)))
    assert standin.paths().count(f"GET {MANIFEST}") == 1


async def test_who_stops_waiting_does_not_stop_the_others(standin: Standin, finder: MakeFinder) -> None:
    reference, _ = serve(standin)
    one = finder()
    first = asyncio.ensure_future(one.find(ReadFeature(reference=reference)))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(one.find(ReadFeature(reference=reference)))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).feature.id == "hello"


async def test_an_archive_at_an_address(standin: Standin, finder: MakeFinder) -> None:
    layer = archive(metadata("hello"))
    standin.content[TARBALL] = Reply(body=layer)
    url = f"http://{standin.address}{TARBALL}"
    found = await finder().find(ReadFeature(reference=url))
    assert (found.kind, found.base, found.resolved) == ("tarball", url, url)
    assert found.digest == found.content == digest(layer)
    asked = len(standin.seen)
    pinned = await finder().find(ReadFeature(reference=url, digest=found.digest))
    assert (await finder().content(pinned) / "install.sh").read_bytes() == INSTALL
    assert len(standin.seen) == asked
    await finder().find(ReadFeature(reference=url))
    assert len(standin.seen) == asked + 1


async def test_an_archive_that_changed_is_refused(standin: Standin, finder: MakeFinder) -> None:
    standin.content[TARBALL] = Reply(body=archive(metadata("hello")))
    pinned = "sha256:" + "0" * 64
    with pytest.raises(DigestMismatch, match="Could not resolve Feature"):
        await finder().find(ReadFeature(reference=f"http://{standin.address}{TARBALL}", digest=pinned))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(404), "HTTP 404: Not Found"),
        (Reply(403), "HTTP 403: Forbidden"),
        (Reply(500), "Failed to fetch tarball"),
        (Reply(429, {"Retry-After": "3600"}), "Failed to fetch tarball"),
        (Reply(silent=True), "Failed to fetch tarball"),
        (Reply(200, {"Content-Length": "9000"}, b"part", cut=4), "Failed to fetch tarball"),
    ],
    ids=["404", "403", "500", "429", "silent", "reset"],
)
async def test_an_address_that_fails_is_told_soon(
    standin: Standin, finder: MakeFinder, reply: Reply, said: str
) -> None:
    standin.rule(TARBALL, lambda seen: reply)
    url = f"http://{standin.address}{TARBALL}"
    begun = time.monotonic()
    with pytest.raises(DownloadFailed, match=said) as caught:
        await finder().find(ReadFeature(reference=url))
    assert time.monotonic() - begun < 8
    assert url in caught.value.message
    assert caught.value.hint


async def test_a_redirect_to_an_unencrypted_address_is_not_followed_to_its_end(
    standin: Standin, finder: MakeFinder
) -> None:
    standin.content[TARBALL] = Reply(302, {"Location": "http://moorage-test.invalid/evil.tgz"})
    with pytest.raises(DownloadFailed):
        await finder().find(ReadFeature(reference=f"http://{standin.address}{TARBALL}"))


async def test_what_is_no_archive_is_told(standin: Standin, finder: MakeFinder) -> None:
    standin.content[TARBALL] = Reply(body=b"<html>log in first</html>" * 100)
    with pytest.raises(FeatureUnusable, match="no tar archive"):
        await finder().find(ReadFeature(reference=f"http://{standin.address}{TARBALL}"))


async def test_a_token_of_github_goes_nowhere_else(standin: Standin, finder: MakeFinder) -> None:
    standin.content[TARBALL] = Reply(body=archive(metadata("hello")))
    one = finder({"GITHUB_TOKEN": "secret-token"})
    await one.find(ReadFeature(reference=f"http://{standin.address}{TARBALL}"))
    reference, _ = serve(standin)
    await one.find(ReadFeature(reference=reference))
    assert all("secret-token" not in seen.authorization for seen in standin.seen)
