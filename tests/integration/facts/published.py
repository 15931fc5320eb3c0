"""Features in registries, as a publisher or somebody with less care puts them there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

import msgspec

from moorage.oci.client import Client
from moorage.oci.digest import compute
from moorage.oci.manifest import OCI_MANIFEST, Descriptor, Manifest
from moorage.oci.reference import parse
from tests.unit.facts.archives import INSTALL, member, tar

CONFIG = "application/vnd.devcontainers"
LAYER = "application/vnd.devcontainers.layer.v1+tar"
ANNOTATION = "dev.containers.metadata"


def namespace(address: str) -> str:
    """A place in the registry that no other test uses."""
    return f"{address}/moorage-test/{secrets.token_hex(6)}"


def metadata(id: str, **more: object) -> dict[str, object]:
    return {"id": id, "version": "1.2.3", "name": id.title(), **more}


def archive(document: Mapping[str, object] | bytes) -> bytes:
    """What a publisher packs: the metadata and a script."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return tar(member("./devcontainer-feature.json", text), member("./install.sh", INSTALL, mode=0o755))


def manifest(layer: bytes, annotation: str | None, media_type: str = LAYER) -> bytes:
    return msgspec.json.encode(
        Manifest(
            schema_version=2,
            media_type=OCI_MANIFEST,
            config=_describe(b"{}", CONFIG),
            layers=(_describe(layer, media_type),),
            annotations=None if annotation is None else {ANNOTATION: annotation},
        )
    )


async def publish(
    client: Client,
    place: str,
    document: Mapping[str, object],
    *,
    tags: tuple[str, ...] = ("latest",),
    layer: bytes | None = None,
    annotation: str | None = "",
    media_type: str = LAYER,
) -> str:
    """Put a Feature at `place`/<id> and give its manifest's digest. `annotation` "" is its metadata."""
    data = archive(document) if layer is None else layer
    text = json.dumps(document) if annotation == "" else annotation
    body = manifest(data, text, media_type)
    digest = ""
    for tag in tags:
        reference = parse(f"{place}/{document['id']}:{tag}")
        await client.upload_blob(reference, _describe(b"{}", CONFIG), b"{}")
        await client.upload_blob(reference, _describe(data, media_type), data)
        digest = (await client.put_manifest(reference, body, OCI_MANIFEST)).digest
    return digest


def _describe(data: bytes, media_type: str) -> Descriptor:
    return Descriptor(media_type=media_type, digest=compute(data), size=len(data))
