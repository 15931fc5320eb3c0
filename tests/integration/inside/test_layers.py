"""Real layers: BuildKit's as we unpack them, and ours as an engine does."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.inside.layers.apply import into_cache, into_root
from moorage.inside.layers.cache import LayerCache
from moorage.inside.layers.change import Change
from moorage.inside.layers.compression import Packing
from moorage.inside.layers.journal import Journal
from moorage.inside.layers.pack import pack
from moorage.inside.layers.root import Root
from moorage.inside.layers.snapshot import Snapshot
from moorage.oci.client import Client
from moorage.oci.configuration import Registries
from moorage.oci.manifest import OCI_MANIFEST, Descriptor, Platform
from moorage.oci.reference import Reference, parse
from tests.outside import Docker, Images, Traces
from tests.unit.inside.layers.archives import folder, hard_link, layer, member, tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

OPAQUE = "trusted.overlay.opaque"
CONFIG = "application/vnd.oci.image.config.v1+json"
CAPABILITY = b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12)
DOCKERFILE = """\
FROM {base}
ADD stuff.tar /stuff/
RUN ln /etc/passwd /etc/passwd2 && rm -r /usr/share/doc && mkdir /usr/share/doc && rm /etc/issue \\
 && touch -d @1 /usr/share/doc/x && chmod 4755 /bin/cat && mkfifo -m 622 /pipe && truncate -s 5M /holes \\
 && ln -s / /top && install -d -m 1777 -o 1234 -g 5678 /owned && touch /owned/ü
RUN perl -e 'my ($p, $n, $v) = ("/stuff/able", "security.capability", pack("H*", "{capability}"));\\
 exit -syscall({setxattr}, $p, $n, $v, 20, 0)'
RUN rm -rf /stuff/gone /stuff/replaced && echo file >/stuff/replaced && mv /etc/passwd2 /etc/passwd3 \\
 && rm -r /stuff/emptied && mkdir /stuff/emptied && touch /stuff/emptied/new
"""
# What an engine puts into each container, and what it mounts.
_MADE = ("etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab")
_NOT_OF_THE_IMAGE = (".dockerenv", "dev", "proc", "sys", *_MADE)


@pytest.fixture
async def client(registry: str) -> AsyncIterator[Client]:
    async with Client(Registries(insecure=(registry,))) as client:
        yield client


@pytest.fixture
def name(registry: str, cleanup: Traces) -> str:
    return f"{registry}/moorage-test/{cleanup.token}"


@pytest.fixture
def built(docker: Docker, images: Images, name: str, tmp_path: Path) -> Reference:
    """An image of BuildKit with all that layers can hold."""
    context = tmp_path / "context"
    context.mkdir()
    dockerfile = DOCKERFILE.format(
        base=images.debian,
        setxattr=188 if os.uname().machine == "x86_64" else 5,
        capability=CAPABILITY.hex(),
    )
    (context / "Dockerfile").write_text(dockerfile)
    (context / "stuff.tar").write_bytes(
        layer(
            member("able", b"x", mode=0o755),
            folder("gone"),
            member("gone/in"),
            folder("replaced"),
            member("replaced/in"),
            folder("emptied"),
            member("emptied/a"),
            member("emptied/b"),
            member("d" * 120, b"long"),
            hard_link("second", "able"),
        )
    )
    docker("build", "--quiet", "--tag", name, context)
    docker("push", "--quiet", name)
    return parse(name)


def as_the_engine_has_it(docker: Docker, image: str, into: Path) -> dict[str, str]:
    container = docker("create", image, "true")
    try:
        into.mkdir()
        archive = into.with_suffix(".tar")
        docker("export", "--output", archive, container)
        command = ["tar", "-x", "-p", "--same-owner", "--xattrs", "--xattrs-include=*", "-C", str(into)]
        subprocess.run([*command, "-f", str(archive)], check=True)
    finally:
        docker("rm", container)
    return of_the_image(into)


def of_the_image(root: Path) -> dict[str, str]:
    """Without the times of folders: an engine that starts a container writes in them."""
    return {
        path: what if not what.startswith("d") else what.rpartition(" ")[0]
        for path, what in tree(root).items()
        if not any(path == other or path.startswith(f"{other}/") for other in _NOT_OF_THE_IMAGE)
    }


async def test_layers_of_buildkit_in_place_and_as_an_overlay(
    client: Client, built: Reference, docker: Docker, tmp_path: Path
) -> None:
    image = await client.inspect(built, Platform(os="linux", architecture="amd64"))
    diff_ids = image.config["rootfs"]["diff_ids"]  # type: ignore[index]
    cache, journal = LayerCache(tmp_path / "cache", OPAQUE), Journal(tmp_path / "root.json")
    root, merged = tmp_path / "root", tmp_path / "merged"
    root.mkdir()
    merged.mkdir()
    for descriptor, diff_id in zip(image.manifest.layers, diff_ids, strict=True):
        result = await into_root(client.blob(built, descriptor), str(root), journal, diff_id)
        assert result.left == ()
        await into_cache(client.blob(built, descriptor), cache, diff_id)
    expected = as_the_engine_has_it(docker, str(built), tmp_path / "engine")
    assert os.getxattr(root / "stuff/able", "security.capability") == CAPABILITY
    assert of_the_image(root) == expected
    assert (root / "usr/share/doc").stat().st_mtime_ns % 1_000_000_000 == 0
    folders = ":".join(str(cache.files(diff_id)) for diff_id in reversed(diff_ids))
    options = ["-t", "overlay", "overlay", "-o", f"ro,lowerdir={folders}"]
    subprocess.run(["mount", *options, str(merged)], check=True)
    try:
        assert tree(merged) == tree(root)
    finally:
        subprocess.run(["umount", str(merged)], check=True)


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
async def test_layers_of_ours_on_an_engine(
    client: Client, name: str, docker: Docker, tmp_path: Path, packing: Packing
) -> None:
    """Two: the second deletes and replaces what the first had."""
    root = tmp_path / "root"
    root.mkdir()
    snapshot = Snapshot(str(root))
    layers = []
    for write in (first, second):
        write(root)
        whole_seconds(root)
        layers.append(packed(root, snapshot.changes(), packing))
    await publish(client, parse(name), layers)
    docker("pull", "--quiet", name)
    assert as_the_engine_has_it(docker, name, tmp_path / "engine") == of_the_image(root)


def first(root: Path) -> None:
    (root / "etc").mkdir()
    for path in ("a/b", "emptied", "replaced"):
        (root / path).mkdir(parents=True)
        for number in range(3):
            (root / path / f"file{number}").write_bytes(os.urandom(100_000))
    (root / "a/b/again").hardlink_to(root / "a/b/file0")
    (root / "a/link").symlink_to("/somewhere/" + "far" * 60)
    os.chown(root / "a/b/file1", 3_000_000, 12)
    (root / "a/b/file1").chmod(0o4750)
    os.setxattr(root / "a/b/file2", "security.capability", CAPABILITY)
    os.mkfifo(root / "pipe")
    os.mknod(root / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    with (root / "holes").open("wb") as file:
        file.seek(7_000_000)
        file.write(b"end")
    (root / ("n" * 130)).write_text("x")
    (root / "ünïcode").write_text("x")


def second(root: Path) -> None:
    for path in (root / "emptied").iterdir():
        path.unlink()
    (root / "a/b/file2").unlink()
    subprocess.run(["rm", "-r", str(root / "replaced")], check=True)
    (root / "replaced").write_text("a file")


def whole_seconds(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, ns=(0, 1_000_000_000), follow_symlinks=False)


def packed(root: Path, changes: list[Change], packing: Packing) -> tuple[Descriptor, str, bytes]:
    file = io.BytesIO()
    with Root(str(root)) as place:
        result = pack(changes, place, file, packing=packing)
    if packing == "gzip":
        with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as archive:
            assert len(archive.getmembers()) == len(changes)
    return result.descriptor, result.diff_id, file.getvalue()


async def publish(client: Client, reference: Reference, layers: list[tuple[Descriptor, str, bytes]]) -> None:
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id, _ in layers]},
        }
    ).encode()
    described = Descriptor(
        media_type=CONFIG, digest=f"sha256:{hashlib.sha256(config).hexdigest()}", size=len(config)
    )
    await client.upload_blob(reference, described, config)
    for descriptor, _, data in layers:
        await client.upload_blob(reference, descriptor, data)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": CONFIG, "digest": described.digest, "size": described.size},
        "layers": [
            {"mediaType": each.media_type, "digest": each.digest, "size": each.size} for each, _, _ in layers
        ],
    }
    await client.put_manifest(reference, json.dumps(manifest).encode(), OCI_MANIFEST)
