"""The runtime as an OCI image: one for each architecture, and an index over them. Pure.

OCI image specification 1.1. Three layers: what a container without any other image needs, the tree, git.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from moorage.oci.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, Index, Manifest, Platform
from moorage.runtime.archive import Archive, archive
from moorage.runtime.recipe import ROOT, Architecture
from moorage.runtime.tree import File

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
INSIDE = f"{ROOT}/bin/moorage-inside"

_EPOCH = "1970-01-01T00:00:00Z"
_PATH = f"PATH={ROOT}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD = "io.containerd.image.name"
_TITLES = {
    "org.opencontainers.image.title": "moorage runtime",
    "org.opencontainers.image.licenses": "Apache-2.0 AND PSF-2.0 AND LGPL-2.1-or-later AND GPL-2.0-only",
}


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """`blobs` are the configuration and the layers, digest → content; `manifest` names them."""

    architecture: Architecture
    descriptor: Descriptor
    manifest: bytes
    config: Descriptor
    layers: tuple[Descriptor, ...]
    blobs: Mapping[str, bytes]


def foundation() -> Archive:
    """What libc and programs expect of any system: users, a folder for temporary files, a home."""
    texts = {
        "etc/passwd": f"root:x:0:0:root:/root:{INSIDE}\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        "etc/group": "root:x:0:\nnogroup:x:65534:\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    tree = {path: File(text.encode()) for path, text in texts.items()}
    return archive(tree, "", {"root": 0o700, "tmp": 0o1777})


def image(architecture: Architecture, version: str, layers: Sequence[Archive]) -> Image:
    """The image of these layers, lowest first. It starts `moorage-inside`, as root, with no shell."""
    body = msgspec.json.encode(
        {
            "architecture": architecture,
            "os": "linux",
            "created": _EPOCH,
            "config": {
                "Entrypoint": [INSIDE],
                "Env": [_PATH],
                "WorkingDir": "/",
                "Labels": {**_TITLES, "org.opencontainers.image.version": version},
            },
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created": _EPOCH, "created_by": "moorage runtime build"} for _ in layers],
        }
    )
    config = _describe(body, CONFIG_TYPE)
    described = tuple(
        Descriptor(media_type=LAYER_TYPE, digest=layer.digest, size=len(layer.data)) for layer in layers
    )
    manifest = msgspec.json.encode(
        Manifest(schema_version=2, media_type=OCI_MANIFEST, config=config, layers=described)
    )
    return Image(
        architecture=architecture,
        descriptor=_describe(manifest, OCI_MANIFEST, Platform(os="linux", architecture=architecture)),
        manifest=manifest,
        config=config,
        layers=described,
        blobs={config.digest: body, **{layer.digest: layer.data for layer in layers}},
    )


def index(images: Sequence[Image], version: str) -> bytes:
    """The document that stands for the image on every architecture."""
    annotations = {**_TITLES, "org.opencontainers.image.version": version}
    entries = tuple(each.descriptor for each in sorted(images, key=lambda each: each.architecture))
    return msgspec.json.encode(
        Index(schema_version=2, media_type=OCI_INDEX, manifests=entries, annotations=annotations)
    )


def layout(image: Image, name: str) -> bytes:
    """An OCI image layout in a tar, which engines load (`docker load`) under its full `name`."""
    annotations = {_CONTAINERD: name, _NAME: name.rpartition(":")[2]}
    entry = msgspec.structs.replace(image.descriptor, annotations=annotations)
    top = Index(schema_version=2, media_type=OCI_INDEX, manifests=(entry,))
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": msgspec.json.encode(top),
        **{_place(digest): content for digest, content in image.blobs.items()},
        _place(image.descriptor.digest): image.manifest,
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as out:
        for path in sorted(files):
            header = tarfile.TarInfo(path)
            header.size, header.mode = len(files[path]), 0o644
            out.addfile(header, io.BytesIO(files[path]))
    return stream.getvalue()


def _place(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _describe(data: bytes, media_type: str, platform: Platform | None = None) -> Descriptor:
    digest = f"sha256:{sha256(data).hexdigest()}"
    return Descriptor(media_type=media_type, digest=digest, size=len(data), platform=platform)
