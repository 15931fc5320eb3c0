"""Pushes the runtime's images and their index to a registry. What is there already is not sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from moorage.oci.client import Client
from moorage.oci.manifest import OCI_INDEX, OCI_MANIFEST
from moorage.oci.reference import Reference
from moorage.runtime.image import Image, index


class Published(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to name from now on: the index by digest, and each architecture's image by its own."""

    reference: str
    images: dict[str, str]


async def publish(images: Sequence[Image], version: str, reference: Reference, client: Client) -> Published:
    """The tag moves last, when everything below it is there. Raises the errors of the registry."""
    for image in images:
        await asyncio.gather(
            *(
                client.upload_blob(reference, one, image.blobs[one.digest])
                for one in (image.config, *image.layers)
            )
        )
        await client.put_manifest(reference.pinned(image.descriptor.digest), image.manifest, OCI_MANIFEST)
    top = await client.put_manifest(reference, index(images, version), OCI_INDEX)
    return Published(
        reference=str(reference.pinned(top.digest)),
        images={each.architecture: str(reference.pinned(each.descriptor.digest)) for each in images},
    )
