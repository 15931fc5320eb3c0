"""Puts Features or Templates into a registry, so that it can be repeated after any interruption.

A version that is there is never replaced. Its own tag is pushed last, after those that move (1, 1.2, latest):
where that was not reached, all of it is done again, and equal files give equal digests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import msgspec

from moorage.compat.authoring.collection import Item, Kind
from moorage.compat.authoring.packing import COLLECTION, archive_name, collection_metadata, pack
from moorage.devcontainer.features.versions import precedence
from moorage.devcontainer.warnings import Warning
from moorage.facts.features.artifact import ANNOTATION, CONFIG_TYPE, LAYER_TYPE
from moorage.oci.client import Client
from moorage.oci.digest import compute
from moorage.oci.failures import ImageNotFound
from moorage.oci.manifest import OCI_MANIFEST, Descriptor, Manifest
from moorage.oci.reference import Reference, parse

COLLECTION_TYPE = "application/vnd.devcontainers.collection.layer.v1+json"
_EMPTY = b"{}"
_TITLE = "org.opencontainers.image.title"
_PACKAGE = "com.github.package.type"


class Published(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was pushed of one item; all empty where its version was there already."""

    published_tags: tuple[str, ...] = ()
    digest: str = ""
    version: str = ""
    published_legacy_ids: tuple[str, ...] = ()


async def publish(
    items: Sequence[Item],
    kind: Kind,
    registry: str,
    namespace: str,
    client: Client,
    tell: Callable[[Warning], None],
) -> dict[str, Published]:
    """Push every item that is new, then the collection's metadata. Raises the errors of the registry."""
    place = f"{registry}/{namespace}".lower()
    targets = [parse(f"{place}/{id.lower()}") for item in items for id in (item.id, *item.legacy_ids)]
    there = dict(zip(targets, await asyncio.gather(*(_tags(client, each) for each in targets)), strict=True))
    results = {}
    for item in items:
        results[item.id] = await _publish_item(item, place, client, there, tell)
    await _publish_collection(items, kind, place, client)
    return results


def tags_for(version: str, published: Iterable[str]) -> tuple[str, ...]:
    """The tags that a new version gets: 1 and 1.2 and latest as far as nothing newer has them, and its own.

    Empty where it is published already. A version before a release (1.2.3-rc.1) gets its own only.
    """
    known = set(published)
    if version in known:
        return ()
    own = precedence(version)
    if not own[1]:
        return (version,)
    major, minor, _ = (str(number) for number in own[0])
    others = [key for key in map(_precedence, known) if key and key[1]]
    newest = {
        major: [key for key in others if key[0][0] == own[0][0]],
        f"{major}.{minor}": [key for key in others if key[0][:2] == own[0][:2]],
        "latest": others,
    }
    moving = [tag for tag, keys in newest.items() if all(key <= own for key in keys)]
    return (*(tag for tag in moving if tag != "latest"), version, *(tag for tag in moving if tag == "latest"))


async def _publish_item(
    item: Item,
    place: str,
    client: Client,
    there: dict[Reference, list[str]],
    tell: Callable[[Warning], None],
) -> Published:
    archive = pack(item)
    body = _manifest(item, archive)
    pushed: dict[str, tuple[str, ...]] = {}
    for id in (*item.legacy_ids, item.id):
        reference = parse(f"{place}/{id.lower()}")
        tags = tags_for(item.version, there[reference])
        if tags:
            await _push(reference, archive, body, sorted(tags, key=lambda tag: tag == item.version), client)
            pushed[id] = tags
        else:
            text = f"{place}/{id}: version {item.version} is there already and stays as it is."
            tell(Warning(code="already-published", text=text, hint="Raise the version to publish a change."))
    if not pushed:
        return Published()
    return Published(
        published_tags=pushed.get(item.id, ()),
        digest=compute(body),
        version=item.version,
        published_legacy_ids=tuple(id for id in item.legacy_ids if id in pushed),
    )


async def _publish_collection(items: Sequence[Item], kind: Kind, place: str, client: Client) -> None:
    data = collection_metadata(items, kind)
    layer = _describe(data, COLLECTION_TYPE, {_TITLE: COLLECTION})
    body = _encoded(layer, {_PACKAGE: "devcontainer_collection"})
    await _push(parse(place), data, body, ["latest"], client)


async def _push(reference: Reference, layer: bytes, body: bytes, tags: Iterable[str], client: Client) -> None:
    await client.upload_blob(reference, _describe(_EMPTY, CONFIG_TYPE), _EMPTY)
    await client.upload_blob(reference, _describe(layer, LAYER_TYPE), layer)
    for tag in tags:
        await client.put_manifest(
            Reference(reference.registry, reference.repository, tag), body, OCI_MANIFEST
        )


async def _tags(client: Client, reference: Reference) -> list[str]:
    """None at all is the usual state of something new."""
    try:
        return await client.tags(reference)
    except ImageNotFound:
        return []


def _manifest(item: Item, archive: bytes) -> bytes:
    layer = _describe(archive, LAYER_TYPE, {_TITLE: archive_name(item)})
    text = msgspec.json.encode(item.metadata).decode()
    return _encoded(layer, {_PACKAGE: f"devcontainer_{item.kind}", ANNOTATION: text})


def _encoded(layer: Descriptor, annotations: dict[str, str]) -> bytes:
    return msgspec.json.encode(
        Manifest(
            schema_version=2,
            media_type=OCI_MANIFEST,
            config=_describe(_EMPTY, CONFIG_TYPE),
            layers=(layer,),
            annotations=annotations,
        )
    )


def _describe(data: bytes, media_type: str, annotations: dict[str, str] | None = None) -> Descriptor:
    return Descriptor(media_type=media_type, digest=compute(data), size=len(data), annotations=annotations)


def _precedence(tag: str) -> tuple[tuple[int, int, int], bool, tuple[tuple[int, str], ...]] | None:
    try:
        return precedence(tag)
    except ValueError:
        return None
