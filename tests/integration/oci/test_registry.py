"""Against the CNCF distribution registry, with and without a login: write an image, read it again."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from moorage.oci.client import Client
from moorage.oci.credentials import Credential, Credentials
from moorage.oci.digest import compute
from moorage.oci.failures import ImageNotFound, LoginRequired
from moorage.oci.manifest import OCI_MANIFEST, Descriptor, Manifest, parse_platform
from moorage.oci.reference import Reference, parse
from scripts.engines.provision import AuthRegistry
from tests.integration.oci.bench import Bench, Known

AMD64 = parse_platform("amd64")
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


def describe(body: bytes, media_type: str) -> Descriptor:
    return Descriptor(media_type=media_type, digest=compute(body), size=len(body))


async def push(client: Client, reference: Reference, layer: bytes) -> Descriptor:
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"User": "ann"}}).encode()
    own, below = describe(config, CONFIG_TYPE), describe(layer, LAYER_TYPE)

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(layer), 65536):
            yield layer[start : start + 65536]

    assert await client.upload_blob(reference, own, config) == "sent"
    assert await client.upload_blob(reference, below, stream) == "sent"
    assert await client.upload_blob(reference, below, b"never read") == "present"
    body = msgspec.json.encode(
        Manifest(schema_version=2, media_type=OCI_MANIFEST, config=own, layers=(below,))
    )
    return await client.put_manifest(reference, body, OCI_MANIFEST)


def fresh(address: str) -> Reference:
    return parse(f"{address}/moorage-test/{secrets.token_hex(6)}:1")


async def test_what_is_written_is_read_again(bench: Bench, registry: str) -> None:
    client = await bench.client()
    reference, layer = fresh(registry), secrets.token_bytes(300_000)
    assert await client.head(reference) is None
    published = await push(client, reference, layer)
    assert await client.head(reference) == published
    image = await client.inspect(reference, AMD64)
    assert image.root == published
    assert image.config["config"] == {"User": "ann"}
    chunks = client.blob(reference, image.manifest.layers[0])
    assert b"".join([chunk async for chunk in chunks]) == layer
    assert await client.tags(reference) == ["1"]
    assert (await client.manifest(reference.pinned(published.digest), AMD64))[0] == published


async def test_a_blob_is_mounted_from_another_repository(bench: Bench, registry: str) -> None:
    client = await bench.client()
    first, second, layer = fresh(registry), fresh(registry), secrets.token_bytes(1000)
    await push(client, first, layer)
    below = describe(layer, LAYER_TYPE)
    assert await client.upload_blob(second, below, layer, mount_from=first.repository) == "mounted"
    assert await client.has_blob(second, below)


async def test_a_mount_that_is_not_there_is_sent(bench: Bench, registry: str) -> None:
    client = await bench.client()
    layer = secrets.token_bytes(1000)
    below = describe(layer, LAYER_TYPE)
    assert await client.upload_blob(fresh(registry), below, layer, mount_from="moorage-test/none") == "sent"


async def test_wrong_content_is_not_taken(bench: Bench, registry: str) -> None:
    client = await bench.client()
    reference, layer = fresh(registry), b"right"
    with pytest.raises(Exception, match="refused blob") as caught:
        await client.upload_blob(reference, describe(layer, LAYER_TYPE), b"wrong")
    assert any("DIGEST_INVALID" in line for line in caught.value.evidence)  # type: ignore[attr-defined]
    assert not await client.has_blob(reference, describe(layer, LAYER_TYPE))


async def test_an_image_that_does_not_exist(bench: Bench, registry: str) -> None:
    client = await bench.client()
    with pytest.raises(ImageNotFound, match="has no"):
        await client.image_config(fresh(registry), AMD64)


async def test_a_login_is_wanted(bench: Bench, auth_registry: AuthRegistry) -> None:
    client = await bench.client()
    with pytest.raises(LoginRequired, match="wants a login") as caught:
        await client.head(parse(f"{auth_registry.address}/{_path(auth_registry)}"))
    assert f"docker login {auth_registry.address}" in caught.value.hint


async def test_a_wrong_login_is_refused_without_being_shown(
    bench: Bench, auth_registry: AuthRegistry
) -> None:
    wrong = Known({auth_registry.address: Credential(username="ann", password="wrong-password")})
    client = await bench.client(credentials=wrong)
    with pytest.raises(LoginRequired, match="refused the login") as caught:
        await client.head(parse(f"{auth_registry.address}/{_path(auth_registry)}"))
    assert "wrong-password" not in f"{caught.value} {caught.value.evidence} {caught.value.hint}"


async def test_docker_s_own_login_file_opens_it(
    bench: Bench, auth_registry: AuthRegistry, tmp_path: Path
) -> None:
    import base64

    auth = base64.b64encode(f"{auth_registry.user}:{auth_registry.password}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {auth_registry.address: {"auth": auth}}}))
    client = await bench.client(credentials=Credentials({"DOCKER_CONFIG": str(tmp_path), "PATH": ""}))
    reference = parse(f"{auth_registry.address}/{_path(auth_registry)}")
    assert (await client.inspect(reference, AMD64)).config
    await push(client, fresh(auth_registry.address), secrets.token_bytes(100))


def _path(auth_registry: AuthRegistry) -> str:
    return auth_registry.image.removeprefix(f"{auth_registry.address}/")
