"""What the choice of an image comes to: `Chosen`; and `Below`, the image that Features go on top of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from moorage.devcontainer import metadata
from moorage.planner.configured import Configured
from moorage.planner.steps import BuildImage, PullImage
from moorage.spec import names
from moorage.spec.image import ImageFacts, Record

if TYPE_CHECKING:
    from moorage.image.key import Inputs


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The image to run, present on the engine, and what the container shall remember of it.

    `misses` says in words why it is another image than the container's recorded one; `remarks` what a person
    should know about its Features.
    """

    image: ImageFacts
    record: Record
    misses: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Below(msgspec.Struct, frozen=True, kw_only=True):
    """The image that a configuration names or builds, before Features.

    Where `step` has to bring it first, `image` and `record` are what it will be. `inputs` are those of a
    built image.
    """

    image: ImageFacts
    record: Record
    misses: tuple[str, ...] = ()
    step: PullImage | BuildImage | None = None
    inputs: Inputs | None = None


def prebuilt(image: ImageFacts) -> ImageFacts:
    """An image found by its key, as if just built: without what a prebuild tells those who only name it."""
    if not image.own_metadata:
        return image
    entries = metadata.parse_label(image.metadata).entries[: -image.own_metadata]
    return msgspec.structs.replace(image, metadata=metadata.write_label(entries), own_metadata=0)


def published(base: str, configuration: Configured) -> dict[str, str]:
    """Labels of an image that others may name: the base's metadata, and what a workspace of it needs."""
    own = metadata.entry(configuration.raw)
    label = metadata.write_label((*metadata.parse_label(base).entries, own))
    return {names.METADATA: label, names.OWN_METADATA: "1" if own else "0"}


def recorded(record: Record, reference: str) -> ImageFacts:
    """The container's image under the wanted reference: an existing container keeps what it was made from."""
    pinned = record.pinned if record.reference == reference else ""
    return ImageFacts(
        reference=pinned or reference, identity=record.identity, user=record.user, metadata=record.metadata
    )
