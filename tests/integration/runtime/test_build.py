"""What is built: the same bytes each time, small enough, whole for machines that are not here; published."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_httpserver import HTTPServer

from moorage.events import Silent
from moorage.oci.client import Client
from moorage.oci.configuration import Registries
from moorage.oci.manifest import OCI_INDEX, Platform
from moorage.oci.reference import parse
from moorage.runtime import build, elf, lock
from moorage.runtime.errors import RuntimeDownloadFailed, RuntimeUntrusted
from moorage.runtime.fetch import Store, mirrors
from moorage.runtime.linking import complaints
from moorage.runtime.publish import publish
from moorage.runtime.recipe import ARCHITECTURES, LIBRARY_FOLDER, MACHINES, ROOT, Architecture
from moorage.runtime.tree import Entry, File, Link
from scripts.engines import runtime as engines
from scripts.engines.layout import Layout
from scripts.engines.provision import Runtime
from tests.integration.runtime.conftest import Place
from tests.outside import Docker, Images

MEGABYTE = 1_000_000
LARGEST = {"": 25 * MEGABYTE, "-git": 15 * MEGABYTE}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_program_finds_its_libraries_in_the_tree(runtime: Runtime, architecture: Architecture) -> None:
    machine = MACHINES[architecture]
    tree = {**members(runtime.folder, architecture), **members(runtime.folder, architecture, "-git")}
    assert complaints(tree, LIBRARY_FOLDER, machine, ROOT) == ()
    programs = [path for path, entry in tree.items() if isinstance(entry, File) and elf.is_elf(entry.content)]
    assert {"bin/python3", "bin/ssh", "git/git", f"so/{machine.loader}"} <= set(programs)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_part_needs_the_other_below_it(runtime: Runtime, architecture: Architecture) -> None:
    """The tree without git is whole by itself."""
    tree = members(runtime.folder, architecture)
    assert complaints(tree, LIBRARY_FOLDER, MACHINES[architecture], ROOT) == ()
    assert not tree.keys() & members(runtime.folder, architecture, "-git").keys()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_links_stay_in_the_tree(runtime: Runtime, architecture: Architecture) -> None:
    tree = {**members(runtime.folder, architecture), **members(runtime.folder, architecture, "-git")}
    links = {path: entry.target for path, entry in tree.items() if isinstance(entry, Link)}
    assert links
    for path, target in links.items():
        assert os.path.normpath(os.path.join(os.path.dirname(path), target)) in tree


@pytest.mark.parametrize("part", LARGEST)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_is_small_enough(runtime: Runtime, architecture: Architecture, part: str) -> None:
    assert archive(runtime.folder, architecture, part).stat().st_size <= LARGEST[part]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_licences_come_along(runtime: Runtime, architecture: Architecture) -> None:
    tree = members(runtime.folder, architecture)
    pins = lock.load().packages[architecture]
    texts = {path.removeprefix("share/licenses/") for path in tree if path.startswith("share/licenses/")}
    assert texts >= {*(each.name for each in pins), "moorage", "common/GPL-2", "common/LGPL-2.1"}
    assert any(path.endswith("licenses/LICENSE") for path in tree)
    listed = tree["share/packages"]
    assert isinstance(listed, File)
    assert all(f"{each.name} {each.version} ".encode() in listed.content for each in pins)


async def test_two_builds_are_the_same_bytes_and_are_published_once(
    runtime: Runtime, registry: str, tmp_path: Path
) -> None:
    """From the packages in the cache, in another process than the first."""
    built = await build.build(
        ARCHITECTURES, lock.load(), store(Layout.from_environment().downloads), Silent()
    )
    for each in built:
        for path in build.write(each, tmp_path):
            assert path.read_bytes() == (runtime.folder / path.name).read_bytes(), path.name
    reference = parse(f"{registry}/moorage-test/t{uuid4().hex[:12]}:1")
    async with Client(Registries()) as client:
        published = await publish([each.image for each in built], "1", reference, client)
        assert await publish([each.image for each in built], "1", reference, client) == published
        head = await client.head(reference)
        assert head is not None
        assert (head.media_type, published.reference) == (OCI_INDEX, str(reference.pinned(head.digest)))
        for each in built:
            platform = Platform(os="linux", architecture=each.architecture)
            found = await client.inspect(parse(published.reference), platform)
            assert str(reference.pinned(found.descriptor.digest)) == published.images[each.architecture]
            assert found.config["architecture"] == each.architecture


async def test_a_package_that_was_changed_is_refused(tmp_path: Path, httpserver: HTTPServer) -> None:
    pin = lock.load().packages["amd64"][0]
    httpserver.expect_request(f"/{pin.archive}/{pin.path}").respond_with_data(b"something else")
    address = httpserver.url_for("").rstrip("/")
    changed = Store(tmp_path, mirrors("2026-01-01T00:00:00Z", address), Silent())
    with pytest.raises(RuntimeUntrusted, match=pin.name):
        await changed.fetch([pin])
    assert list(tmp_path.iterdir()) == []


async def test_a_package_that_is_gone_is_named_with_every_place(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    pin = lock.load().packages["amd64"][0]
    address = httpserver.url_for("").rstrip("/")
    gone = Store(tmp_path, {pin.archive: (f"{address}/one", f"{address}/two")}, Silent())
    with pytest.raises(RuntimeDownloadFailed) as caught:
        await gone.fetch([pin])
    assert ["HTTP" in line for line in caught.value.evidence] == [True, True]


@pytest.mark.full
def test_the_other_architecture_runs_emulated(docker: Docker, images: Images, runtime: Runtime) -> None:
    """Only in the long run: the emulator comes in a package of sixty megabytes."""
    emulator = engines.emulator(Layout.from_environment())
    name = f"t{uuid4().hex[:12]}-arm64"
    whole = archive(runtime.folder, "arm64"), archive(runtime.folder, "arm64", "-git")
    docker("volume", "create", name)
    try:
        for each in whole:
            docker(
                "run", "--rm", "--volume", f"{name}:/x/.moorage", "--volume", f"{each.parent}:/from:ro",
                images.debian, "tar", "-C", "/x", "-xzf", f"/from/{each.name}",
            )  # fmt: skip
        place = Place(docker, runtime.places["distroless"], name)
        options = ("--volume", f"{emulator}:/emulator:ro")
        for command in (
            (f"{ROOT}/bin/python3", "-I", "-m", "moorage.inside", "check"),
            (f"{ROOT}/bin/git", "--version"),
            (f"{ROOT}/bin/ssh", "-V"),
        ):
            done = place.run("/emulator", *command, options=options, user="65534:65534")
            assert done.returncode == 0, done.stderr
            if "check" in command:
                assert json.loads(done.stdout)["machine"] == "aarch64"
    finally:
        docker("volume", "rm", "--force", name)


def test_a_mirror_that_is_away_is_told(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "moorage",
        "runtime",
        "build",
        "--debian-mirror",
        "http://127.0.0.1:9",
        "--output",
        str(tmp_path),
    ]
    environment = {**os.environ, "MOORAGE_CACHE": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == RuntimeDownloadFailed.exit_code
    assert "127.0.0.1:9" in done.stderr


def store(downloads: Path) -> Store:
    return Store(downloads / "runtime", mirrors(lock.load().date), Silent())


def archive(folder: Path, architecture: str, part: str = "") -> Path:
    (found,) = folder.glob(f"moorage-runtime-*-{architecture}{part}.tar.gz")
    return found


def members(folder: Path, architecture: str, part: str = "") -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    with tarfile.open(fileobj=io.BytesIO(archive(folder, architecture, part).read_bytes())) as opened:
        for member in opened:
            path = member.name.removeprefix(".moorage/")
            if member.issym():
                found[path] = Link(member.linkname)
            elif stream := opened.extractfile(member):
                found[path] = File(stream.read())
    return found
