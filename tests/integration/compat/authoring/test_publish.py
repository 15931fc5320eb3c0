"""Publishing to a real registry, with and without a login, and after interruptions."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.compat.authoring.collection import Item, Kind, collection
from moorage.compat.authoring.information import information
from moorage.compat.authoring.publishing import Published, publish
from moorage.devcontainer.warnings import Warning
from moorage.facts.features.finder import Finder
from moorage.oci.client import Client
from moorage.oci.credentials import Credential
from moorage.oci.failures import LoginRequired
from moorage.oci.manifest import Descriptor
from moorage.oci.reference import Reference, parse
from moorage.planner.questions import ReadFeature
from scripts.engines.provision import AuthRegistry
from tests.integration.facts.published import namespace
from tests.integration.oci.bench import Known
from tests.unit.compat.authoring.folders import feature, template


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client() as one:
        yield one


@pytest.fixture
async def finder(tmp_path: Path) -> AsyncIterator[Finder]:
    environment = {"PATH": "", "HOME": str(tmp_path)}
    async with Finder(tmp_path / "cache", environment=environment) as one:
        yield one


def items(folder: Path, kind: Kind = "feature") -> tuple[Item, ...]:
    return collection(folder, kind, lambda warning: None)


async def push(
    folder: Path, place: str, client: Client, kind: Kind = "feature", told: list[Warning] | None = None
) -> dict[str, Published]:
    registry, _, path = place.partition("/")
    tell = (told if told is not None else []).append
    return await publish(items(folder, kind), kind, registry, path, client, tell)


async def test_what_is_published_is_found(
    registry: str, client: Client, finder: Finder, tmp_path: Path
) -> None:
    place = namespace(registry)
    feature(tmp_path / "src", "hello", options={"x": {"type": "string", "default": "1"}})
    result = await push(tmp_path, place, client)
    assert result["hello"].published_tags == ("1", "1.2", "1.2.3", "latest")
    for tag in ("1", "1.2", "1.2.3", "latest"):
        found = await finder.find(ReadFeature(reference=f"{place}/hello:{tag}"))
        assert found.digest == result["hello"].digest
    assert (await finder.content(found) / "install.sh").read_text() == "#!/bin/sh\n"
    assert found.feature.options["x"].default == "1"


async def test_a_version_that_is_there_stays(registry: str, client: Client, tmp_path: Path) -> None:
    place = namespace(registry)
    folder = feature(tmp_path / "src", "hello")
    first = await push(tmp_path, place, client)
    (folder / "install.sh").write_text("echo changed\n")
    told: list[Warning] = []
    assert await push(tmp_path, place, client, told=told) == {"hello": Published()}
    assert any("1.2.3 is there already" in warning.text for warning in told)
    there = await client.head(parse(f"{place}/hello:1.2.3"))
    assert there
    assert there.digest == first["hello"].digest


async def test_newer_and_older_versions_move_only_their_tags(
    registry: str, client: Client, tmp_path: Path
) -> None:
    place = namespace(registry)
    for version, tags in (
        ("1.2.3", ("1", "1.2", "1.2.3", "latest")),
        ("2.0.0", ("2", "2.0", "2.0.0", "latest")),
        ("1.2.4", ("1", "1.2", "1.2.4")),
        ("1.1.0", ("1.1", "1.1.0")),
    ):
        feature(tmp_path / "src", "hello", version=version)
        assert (await push(tmp_path, place, client))["hello"].published_tags == tags


async def test_former_names_are_published_too(
    registry: str, client: Client, finder: Finder, tmp_path: Path
) -> None:
    place = namespace(registry)
    feature(tmp_path / "src", "new", legacyIds=["old", "older"])
    result = await push(tmp_path, place, client)
    assert result["new"].published_legacy_ids == ("old", "older")
    found = await finder.find(ReadFeature(reference=f"{place}/older:1"))
    assert found.feature.current_id == "new"
    assert found.digest == result["new"].digest


async def test_the_collection_is_described(registry: str, client: Client, tmp_path: Path) -> None:
    place = namespace(registry)
    feature(tmp_path / "src", "a")
    feature(tmp_path / "src", "b")
    await push(tmp_path, place, client)
    reference = parse(f"{place}:latest")
    _, body = await client.raw_manifest(reference)
    manifest = json.loads(body)
    assert manifest["layers"][0]["mediaType"] == "application/vnd.devcontainers.collection.layer.v1+json"
    layer = Descriptor(digest=manifest["layers"][0]["digest"], size=manifest["layers"][0]["size"])
    metadata = json.loads(await client.document(reference, layer))
    assert [each["id"] for each in metadata["features"]] == ["a", "b"]


class Stopping(Client):
    """A client that is killed after some manifests."""

    left = 2

    async def put_manifest(self, reference: Reference, body: bytes, media_type: str) -> Descriptor:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return await super().put_manifest(reference, body, media_type)


async def test_an_interrupted_publication_is_taken_up_again(
    registry: str, client: Client, tmp_path: Path
) -> None:
    place = namespace(registry)
    feature(tmp_path / "src", "hello")
    async with Stopping() as stopping:
        with pytest.raises(KeyboardInterrupt):
            await push(tmp_path, place, stopping)
    assert (await push(tmp_path, place, client))["hello"].published_tags == ("1", "1.2", "1.2.3", "latest")
    digests = {(await client.head(parse(f"{place}/hello:{tag}"))) for tag in ("1", "1.2", "1.2.3", "latest")}
    assert len(digests) == 1


async def test_a_registry_with_a_login(auth_registry: AuthRegistry, client: Client, tmp_path: Path) -> None:
    place = namespace(auth_registry.address)
    feature(tmp_path / "src", "hello")
    with pytest.raises(LoginRequired) as caught:
        await push(tmp_path, place, client)
    assert f"docker login {auth_registry.address}" in caught.value.hint
    login = Credential(username=auth_registry.user, password=auth_registry.password)
    async with Client(credentials=Known({auth_registry.address: login})) as known:
        assert (await push(tmp_path, place, known))["hello"].digest


async def test_information(registry: str, client: Client, finder: Finder, tmp_path: Path) -> None:
    place = namespace(registry)
    feature(tmp_path / "src", "base")
    feature(tmp_path / "src", "top", dependsOn={f"{place}/base:1": {"x": "y"}})
    result = await push(tmp_path, place, client)
    found = await information(f"{place}/top", "verbose", finder)
    assert found.canonical_id == f"{place}/top@{result['top'].digest}"
    assert found.manifest
    assert found.published_tags == ("1.2.3", "1", "1.2", "latest")
    assert found.dependencies.startswith("flowchart\n")
    assert f"[{place}/top] --> " in found.dependencies
    assert f"[{place}/base:1]" in found.dependencies
    only = await information(f"{place}/top", "tags", finder)
    assert (only.manifest, only.canonical_id, only.dependencies) == (None, "", "")


def moorage(folder: Path, *arguments: str, group: str = "features") -> subprocess.CompletedProcess[str]:
    """The command line, with an empty home."""
    code = f"from moorage.cli.{group} import {group}_command as c; c()"
    environment = {"HOME": str(folder / "home"), "PATH": "", "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_command_line_of_features(registry: str, tmp_path: Path) -> None:
    address, _, path = namespace(registry).partition("/")
    feature(tmp_path / "src", "base")
    top = feature(tmp_path / "src", "top", dependsOn={f"{address}/{path}/base:1": {}})
    packed = moorage(tmp_path, "package", "src", "-o", "out")
    assert packed.returncode == 0, packed.stderr
    assert (tmp_path / "out" / "devcontainer-feature-top.tgz").is_file()
    again = moorage(tmp_path, "package", "src", "-o", "out")
    assert (again.returncode, "already exists" in again.stderr) == (2, True)
    published = moorage(tmp_path, "publish", "src", "-r", address, "-n", path)
    assert json.loads(published.stdout)["top"]["publishedTags"] == ["1", "1.2", "1.2.3", "latest"]
    shown = moorage(tmp_path, "info", "manifest", f"{address}/{path}/top", "--output-format", "json")
    assert set(json.loads(shown.stdout)) == {"manifest", "canonicalId"}
    missing = moorage(tmp_path, "info", "tags", f"{address}/{path}/nothing")
    assert missing.returncode == 6
    assert f"{address}/{path}/nothing" in missing.stderr
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / ".devcontainer" / "devcontainer.json").write_text(
        json.dumps({"image": "alpine", "features": {f"{address}/{path}/top": {"a": True}}})
    )
    resolved = moorage(tmp_path, "resolve-dependencies")
    drawing, _, order = resolved.stdout.partition("\n\n")
    assert drawing.startswith("flowchart\n")
    ids = [each["id"].partition("@")[0] for each in json.loads(order)["installOrder"]]
    assert ids == [f"{address}/{path}/base", f"{address}/{path}/top"]
    written = moorage(tmp_path, "generate-docs", "-p", "src", "-n", path)
    assert (written.returncode, (top / "README.md").is_file()) == (0, True)


def test_the_command_line_of_templates(registry: str, tmp_path: Path) -> None:
    address, _, path = namespace(registry).partition("/")
    options = {"variant": {"type": "string", "default": "3"}, "flag": {"type": "boolean", "default": False}}
    folder = template(tmp_path / "src", "tpl", options=options)
    (folder / "README.md").write_text("about it")
    (folder / ".github").mkdir()
    (folder / ".github" / "ci.yml").write_text("flag: ${templateOption:flag}")
    (folder / "run").write_text("x")
    (folder / "run").chmod(0o755)
    published = moorage(tmp_path, "publish", "src", "-r", address, "-n", path, group="templates")
    assert json.loads(published.stdout)["tpl"]["version"] == "1.0.0", published.stderr
    metadata = moorage(tmp_path, "metadata", f"{address}/{path}/tpl", group="templates")
    assert json.loads(metadata.stdout)["fileCount"] == 5
    target = tmp_path / "target"
    arguments = ("-w", str(target), "-t", f"{address}/{path}/tpl:1")
    features = json.dumps([{"id": "ghcr.io/a/b:1", "options": {"v": "1"}}])
    applied = moorage(
        tmp_path, "apply", *arguments, "-a", '{"variant": "4"}', "-f", features, group="templates"
    )
    assert json.loads(applied.stdout) == {
        "files": ["./.devcontainer/devcontainer.json", "./.github/ci.yml", "./run"]
    }
    text = (target / ".devcontainer" / "devcontainer.json").read_text()
    assert "// which one" in text
    assert '"image": "alpine:4"' in text
    assert '"ghcr.io/a/b:1"' in text
    assert (target / ".github" / "ci.yml").read_text() == "flag: false"
    assert (target / "run").stat().st_mode & 0o111
    other = moorage(
        tmp_path, "apply", "-w", "other", *arguments[2:], "--omit-paths", '[".github/*"]', group="templates"
    )
    assert other.returncode == 0, other.stderr
    assert not (tmp_path / "other" / ".github").exists()


def test_a_template_is_not_written_through_a_link(registry: str, tmp_path: Path) -> None:
    address, _, path = namespace(registry).partition("/")
    template(tmp_path / "src", "tpl")
    moorage(tmp_path, "publish", "src", "-r", address, "-n", path, group="templates")
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / ".devcontainer").symlink_to(outside)
    applied = moorage(tmp_path, "apply", "-w", "target", "-t", f"{address}/{path}/tpl", group="templates")
    assert applied.returncode == 9
    assert "leads out" in applied.stderr
    assert list(outside.iterdir()) == []


def test_a_login_file_is_used(auth_registry: AuthRegistry, tmp_path: Path) -> None:
    address, _, path = namespace(auth_registry.address).partition("/")
    feature(tmp_path / "src", "hello")
    auth = base64.b64encode(f"{auth_registry.user}:{auth_registry.password}".encode()).decode()
    (tmp_path / "home" / ".docker").mkdir(parents=True)
    (tmp_path / "home" / ".docker" / "config.json").write_text(
        json.dumps({"auths": {address: {"auth": auth}}})
    )
    published = moorage(tmp_path, "publish", "src", "-r", address, "-n", path)
    assert published.returncode == 0, published.stderr
    assert auth_registry.password not in published.stdout + published.stderr
