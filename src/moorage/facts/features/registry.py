"""Features in registries: the metadata from the manifest's annotation, and the files from its one layer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import msgspec

from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import OciReference
from moorage.errors import ConfigurationError
from moorage.facts.features import archive
from moorage.facts.features.cache import Cache
from moorage.facts.features.errors import FeatureUnusable
from moorage.facts.features.metadata import Metadata, read, read_file
from moorage.oci.client import Client
from moorage.oci.manifest import OCI_MANIFEST, Descriptor, Manifest, decode
from moorage.oci.reference import Reference

ANNOTATION = "dev.containers.metadata"
Connect = Callable[[], Awaitable[Client]]
"""The run's client, made when it is first needed."""

_LAYERS = ("application/vnd.devcontainers.layer.v1+tar", "application/vnd.devcontainers.layer.v1+tar+gzip")
_HINT = "Check that the name is a Feature, and not an image, a Template or a collection."


async def find(reference: OciReference, pinned: str, cache: Cache, connect: Connect) -> FoundFeature:
    """What the reference, or the digest that pins it, names. Only what the cache lacks is asked for.

    Raises the errors of `moorage.oci.failures`, FeatureUnusable, and those of the metadata.
    """
    digest, body = await _manifest(reference, reference.digest or pinned, cache, connect)
    manifest = _decoded(body, reference)
    layer = _layer(manifest, reference)
    metadata = _annotated(manifest, reference)
    if metadata is None:
        folder = await files(reference.base, digest, layer, cache, connect)
        metadata = read_file(folder, f"{reference.base} (devcontainer-feature.json)")
    return FoundFeature(
        reference=reference.written,
        kind="oci",
        base=reference.base,
        tag=reference.tag,
        digest=digest,
        resolved=f"{reference.base}@{digest}",
        feature=metadata.feature,
        raw=metadata.raw,
        manifest=msgspec.json.decode(body, type=dict[str, object]),
        content=layer.digest,
    )


async def content(found: FoundFeature, cache: Cache, connect: Connect) -> Path:
    """The Feature's files. Raises as `find`."""
    if kept := cache.files(found.content):
        return kept
    manifest = msgspec.convert(found.manifest, Manifest)
    return await files(found.base, found.digest, _layer(manifest, found), cache, connect)


async def files(base: str, digest: str, layer: Descriptor, cache: Cache, connect: Connect) -> Path:
    """The layer, fetched and taken out unless the cache has it."""
    if kept := cache.files(layer.digest):
        return kept
    if layer.size > archive.LARGEST:
        raise archive.too_large(layer.size)
    scratch = cache.scratch()
    try:
        async with asyncio.timeout(archive.SECONDS):
            await _fetch(_named(base, digest), layer, scratch, await connect())
        return await archive.take_out(scratch, layer.digest, cache)
    except TimeoutError:
        raise FeatureUnusable(
            f"its files did not arrive within {archive.SECONDS:g} s",
            evidence=(f"{layer.size} bytes of {layer.digest}",),
            hint="Try again, or use a mirror that is nearer.",
        ) from None
    finally:
        scratch.unlink(missing_ok=True)


async def _manifest(reference: OciReference, digest: str, cache: Cache, connect: Connect
) -> tuple[str, bytes]:
    if digest and (kept := cache.manifest(digest)):
        return digest, kept
    registry, _, path = reference.base.partition("/")
    named = Reference(registry, path, None if digest else reference.tag, digest or None)
    client = await connect()
    descriptor, body = await client.raw_manifest(named)
    cache.keep_manifest(descriptor.digest, body)
    return descriptor.digest, body


async def _fetch(reference: Reference, layer: Descriptor, into: Path, client: Client) -> None:
    with into.open("wb") as file:
        async with aclosing(client.blob(reference, layer)) as chunks:
            async for chunk in chunks:
                file.write(chunk)


def _named(base: str, digest: str) -> Reference:
    registry, _, path = base.partition("/")
    return Reference(registry, path, None, digest)


def _decoded(body: bytes, reference: OciReference) -> Manifest:
    found = decode(body, OCI_MANIFEST, reference.base)
    if not isinstance(found, Manifest):
        raise FeatureUnusable("it is an image for several platforms, not a Feature", hint=_HINT)
    return found


def _layer(manifest: Manifest, reference: OciReference | FoundFeature) -> Descriptor:
    """The one layer. Early Features have other media types for its config, so the layer's decides."""
    if len(manifest.layers) != 1 or manifest.layers[0].media_type not in _LAYERS:
        kinds = tuple(f"layer {layer.media_type or 'without a type'}" for layer in manifest.layers[:5])
        raise FeatureUnusable(f"{reference.base} is not a Feature", evidence=kinds, hint=_HINT)
    return manifest.layers[0]


def _annotated(manifest: Manifest, reference: OciReference) -> Metadata | None:
    """None where the annotation is missing or not usable: then the files themselves say it."""
    text = (manifest.annotations or {}).get(ANNOTATION)
    if not text:
        return None
    try:
        return read(text, f"{reference.base} (annotation {ANNOTATION})")
    except ConfigurationError:
        return None
