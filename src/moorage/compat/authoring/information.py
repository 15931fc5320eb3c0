"""What a registry has of one Feature: manifest, tags, dependencies."""

from __future__ import annotations

from typing import Literal

import msgspec

from moorage.compat.authoring.dependencies import drawn, resolve
from moorage.devcontainer.features.reference import OciReference, parse
from moorage.devcontainer.features.versions import newest_first
from moorage.errors import UsageError
from moorage.facts.features.errors import about
from moorage.facts.features.finder import Finder
from moorage.oci.failures import ImageNotFound
from moorage.oci.reference import Reference

Mode = Literal["manifest", "tags", "dependencies", "verbose"]


class NotInRegistry(UsageError):
    """Only what is in a registry has a manifest and tags."""

    code = "not-in-registry"


class Information(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """As much of it as was asked for."""

    manifest: dict[str, object] | None = None
    canonical_id: str = ""
    published_tags: tuple[str, ...] = ()
    dependencies: str = ""


async def information(text: str, mode: Mode, finder: Finder) -> Information:
    """What the registry says now. Raises NotInRegistry, BadFeatureReference, and the registry's errors."""
    reference = in_registry(text)
    everything = mode == "verbose"
    result = Information()
    if everything or mode == "manifest":
        found = await finder.artifact(reference)
        result = msgspec.structs.replace(
            result,
            manifest=msgspec.json.decode(found.body, type=dict[str, object]),
            canonical_id=f"{found.base}@{found.digest}",
        )
    if everything or mode == "tags":
        result = msgspec.structs.replace(result, published_tags=await tags(reference, finder))
    if everything or mode == "dependencies":
        order = await resolve({text: {}}, finder)
        result = msgspec.structs.replace(result, dependencies=drawn(order))
    return result


async def tags(reference: OciReference, finder: Finder) -> tuple[str, ...]:
    """Every tag: versions from the newest down, then the others by name. Raises ImageNotFound."""
    client = await finder.client()
    try:
        found = await client.tags(Reference(reference.registry, reference.path))
    except ImageNotFound as error:
        raise about(error, reference.written) from None
    versions = newest_first(found)
    return (*versions, *sorted(tag for tag in found if tag not in versions))


def in_registry(text: str) -> OciReference:
    """The reference, if it is one of a registry. Raises NotInRegistry, BadFeatureReference."""
    reference = parse(text)
    if isinstance(reference, OciReference):
        return reference
    raise NotInRegistry(
        f"{text!r} is not in a registry.", hint="Write registry/namespace/id, with or without :version."
    )
