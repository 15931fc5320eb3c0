"""Images that a build starts from or copies out of: what they are, and their layers as they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec

from moorage.inside.executor.configuration import Configuration, of_image
from moorage.oci.client import Client
from moorage.oci.failures import BadAnswer
from moorage.oci.manifest import Descriptor, parse_platform
from moorage.oci.reference import parse


class Layer(msgspec.Struct, frozen=True):
    """`diff_id` is the digest of the archive in it."""

    descriptor: Descriptor
    diff_id: str


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """`digest` names the manifest of one platform; layers are lowest first."""

    reference: str
    digest: str
    configuration: Configuration
    layers: tuple[Layer, ...]


class Images(Protocol):
    """Where images are. What they raise is told as it is."""

    async def find(self, reference: str, platform: str) -> Image: ...

    def layer(self, image: Image, layer: Layer) -> AsyncGenerator[bytes, None]:
        """The bytes as they come, checked when they end."""
        ...


class _Files(msgspec.Struct, frozen=True):
    diff_ids: tuple[str, ...] = ()


class RegistryImages:
    """Images of registries. Whoever makes the client closes it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def find(self, reference: str, platform: str) -> Image:
        """Raises the errors of `moorage.oci.failures`."""
        name = parse(reference)
        found = await self._client.inspect(name, parse_platform(platform))
        diff_ids = _diff_ids(found.config, reference)
        if len(diff_ids) != len(found.manifest.layers):
            raise BadAnswer(f"{reference} has other layers than its configuration says")
        return Image(
            reference=str(name.pinned(found.descriptor.digest)),
            digest=found.descriptor.digest,
            configuration=of_image(found.config, reference),
            layers=tuple(Layer(*each) for each in zip(found.manifest.layers, diff_ids, strict=True)),
        )

    def layer(self, image: Image, layer: Layer) -> AsyncGenerator[bytes, None]:
        return self._client.blob(parse(image.reference), layer.descriptor)


def _diff_ids(config: dict[str, object], reference: str) -> tuple[str, ...]:
    try:
        return msgspec.convert(config.get("rootfs") or {}, type=_Files).diff_ids
    except msgspec.ValidationError as error:
        raise BadAnswer(f"the layers of {reference} cannot be read", evidence=(str(error),)) from error
