"""What the specification puts into registries: a manifest with the metadata, and one layer with the files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from moorage.devcontainer.features.reference import OciReference
from moorage.facts.features.cache import Cache
from moorage.facts.features.errors import FeatureUnusable
from moorage.oci.manifest import OCI_MANIFEST, Descriptor, Manifest, decode
from moorage.oci.reference import Reference

if TYPE_CHECKING:
    from moorage.oci.client import Client

ANNOTATION = "dev.containers.metadata"
CONFIG_TYPE = "application/vnd.devcontainers"
LAYER_TYPE = "application/vnd.devcontainers.layer.v1+tar"

Connect = Callable[[], Awaitable["Client"]]
"""The run's client, made when it is first needed."""

_LAYERS = (LAYER_TYPE, f"{LAYER_TYPE}+gzip")
_HINT = "Check that the name is a Feature or Template, and not an image or a collection."


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """One Feature or Template in a registry. `base` is registry/namespace/id, `body` the raw manifest."""

    base: str
    digest: str
    body: bytes
    manifest: Manifest
    layer: Descriptor

    @property
    def annotation(self) -> str:
        """The metadata; "" in artifacts from before there was one."""
        return (self.manifest.annotations or {}).get(ANNOTATION, "")


async def artifact(reference: OciReference, pinned: str, cache: Cache, connect: Connect) -> Artifact:
    """What the reference, or the digest that pins it, names. Only what the cache lacks is asked for.

    Raises the errors of `moorage.oci.failures`, and FeatureUnusable for any other kind of thing.
    """
    digest, body = await _manifest(reference, reference.digest or pinned, cache, connect)
    return read(reference.base, digest, body)


def read(base: str, digest: str, body: bytes) -> Artifact:
    """The artifact of a manifest. Early ones have other types of config, so the layer's type decides.

    Raises BadAnswer, FeatureUnusable.
    """
    found = decode(body, OCI_MANIFEST, base)
    if not isinstance(found, Manifest):
        raise FeatureUnusable("it is an image for several platforms, not a Feature", hint=_HINT)
    if len(found.layers) != 1 or found.layers[0].media_type not in _LAYERS:
        kinds = tuple(f"layer {layer.media_type or 'without a type'}" for layer in found.layers[:5])
        raise FeatureUnusable(f"{base} is not a Feature", evidence=kinds, hint=_HINT)
    return Artifact(base=base, digest=digest, body=body, manifest=found, layer=found.layers[0])


async def files(found: Artifact, cache: Cache, connect: Connect) -> Path:
    """The folder with what is in the layer, which is fetched and taken out unless the cache has it."""
    layer = found.layer
    if kept := cache.files(layer.digest):
        return kept
    from moorage.facts.features import archive  # what only asks which Feature it is needs no files

    if layer.size > archive.LARGEST:
        raise archive.too_large(layer.size)
    scratch = cache.scratch()
    try:
        async with asyncio.timeout(archive.SECONDS):
            await _fetch(_named(found.base, found.digest), layer, scratch, await connect())
        return await archive.take_out(scratch, layer.digest, cache)
    except TimeoutError:
        raise FeatureUnusable(
            f"its files did not arrive within {archive.SECONDS:g} s",
            evidence=(f"{layer.size} bytes of {layer.digest}",),
            hint="Try again, or use a mirror that is nearer.",
        ) from None
    finally:
        scratch.unlink(missing_ok=True)


async def _manifest(
    reference: OciReference, digest: str, cache: Cache, connect: Connect
) -> tuple[str, bytes]:
    if digest and (kept := cache.manifest(digest)):
        return digest, kept
    named = _named(reference.base, digest) if digest else _named(reference.base, tag=reference.tag)
    client = await connect()
    descriptor, body = await client.raw_manifest(named)
    cache.keep_manifest(descriptor.digest, body)
    return descriptor.digest, body


async def _fetch(reference: Reference, layer: Descriptor, into: Path, client: Client) -> None:
    with into.open("wb") as file:
        async with aclosing(client.blob(reference, layer)) as chunks:
            async for chunk in chunks:
                file.write(chunk)


def _named(base: str, digest: str = "", tag: str = "") -> Reference:
    registry, _, path = base.partition("/")
    return Reference(registry, path, tag or None, digest or None)
