"""The image's documents fit together, and a layout holds all of them."""

from __future__ import annotations

import io
import tarfile
from hashlib import sha256

import msgspec

from moorage.oci.manifest import Index, Manifest, Platform, choose
from moorage.runtime.archive import archive
from moorage.runtime.image import foundation, image, index, layout
from moorage.runtime.tree import File

LAYERS = (foundation(), archive({"a": File(b"1")}, "/.moorage"))


def test_digests_lead_from_the_index_to_every_blob() -> None:
    images = [image("arm64", "1.0", LAYERS), image("amd64", "1.0", LAYERS)]
    top = msgspec.json.decode(index(images, "1.0"), type=Index)
    assert index(images[::-1], "1.0") == index(images, "1.0")
    for each in images:
        entry = choose(top, Platform(os="linux", architecture=each.architecture))
        assert entry is not None
        assert entry.digest == digest(each.manifest)
        manifest = msgspec.json.decode(each.manifest, type=Manifest)
        for described in (manifest.config, *manifest.layers):
            blob = each.blobs[described.digest]
            assert (digest(blob), len(blob)) == (described.digest, described.size)


def test_the_configuration_starts_the_inside_and_names_the_layers() -> None:
    made = image("amd64", "1.0", LAYERS)
    config = msgspec.json.decode(made.blobs[made.config.digest])
    assert config["config"]["Entrypoint"] == ["/.moorage/bin/moorage-inside"]
    assert config["rootfs"]["diff_ids"] == [layer.diff_id for layer in LAYERS]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")


def test_a_layout_is_complete() -> None:
    made = image("amd64", "1.0", LAYERS)
    with tarfile.open(fileobj=io.BytesIO(layout(made, "docker.io/library/runtime:1"))) as opened:
        names = set(opened.getnames())
        stream = opened.extractfile("index.json")
        assert stream is not None
        top = msgspec.json.decode(stream.read(), type=Index)
    wanted = [made.descriptor.digest, *made.blobs]
    assert names == {"oci-layout", "index.json", *(f"blobs/{each.replace(':', '/')}" for each in wanted)}
    assert (top.manifests[0].annotations or {})["io.containerd.image.name"] == "docker.io/library/runtime:1"


def digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"
