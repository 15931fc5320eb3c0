"""Features in registries: the metadata from the manifest's annotation, and the files from its one layer."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import OciReference
from moorage.errors import ConfigurationError
from moorage.facts.features.artifact import ANNOTATION, Artifact, Connect, artifact, files
from moorage.facts.features.artifact import read as read_artifact
from moorage.facts.features.cache import Cache
from moorage.facts.features.metadata import Metadata, read, read_file


async def find(reference: OciReference, pinned: str, cache: Cache, connect: Connect) -> FoundFeature:
    """What the reference, or the digest that pins it, names.

    Raises the errors of `artifact`, and those of the metadata.
    """
    found = await artifact(reference, pinned, cache, connect)
    metadata = _annotated(found)
    if metadata is None:
        folder = await files(found, cache, connect)
        metadata = read_file(folder, f"{reference.base} (devcontainer-feature.json)")
    return FoundFeature(
        reference=reference.written,
        kind="oci",
        base=reference.base,
        tag=reference.tag,
        digest=found.digest,
        resolved=f"{reference.base}@{found.digest}",
        feature=metadata.feature,
        raw=metadata.raw,
        manifest=msgspec.json.decode(found.body, type=dict[str, object]),
        content=found.layer.digest,
    )


async def content(found: FoundFeature, cache: Cache, connect: Connect) -> Path:
    """The Feature's files. Raises as `find`."""
    if kept := cache.files(found.content):
        return kept
    return await files(
        read_artifact(found.base, found.digest, msgspec.json.encode(found.manifest)), cache, connect
    )


def _annotated(found: Artifact) -> Metadata | None:
    """None where the annotation is missing or not usable: then the files themselves say it."""
    if not found.annotation:
        return None
    try:
        return read(found.annotation, f"{found.base} (annotation {ANNOTATION})")
    except ConfigurationError:
        return None
