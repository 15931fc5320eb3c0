"""What is known of an image without running it: `ImageFacts`."""

from __future__ import annotations

import msgspec


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An image, read from the engine or, before any pull, from its registry.

    `identity` is equal wherever it was read (design section 5). `present` tells whether the engine has it.
    `metadata` is the text of its devcontainer.metadata label, `inputs` of moorage's own image-inputs label.
    """

    reference: str
    identity: str
    user: str = ""
    metadata: str = ""
    inputs: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_folder: str = ""
    present: bool = True
    own_metadata: int = 0
    """How many of its last metadata entries are those of the devcontainer.json that it was built for."""


class RecordedFeature(msgspec.Struct, frozen=True, kw_only=True):
    """One Feature as it was installed: as written, what that was resolved to, a hash of its options."""

    reference: str
    digest: str
    version: str = ""
    options: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a container remembers of how its image was found, so that an unchanged `up` asks nobody.

    `reference` is the image as configured, or the tag that was built; `inputs` and `bases` (reference →
    identity) are there for built images; `identity` and `user` are the image's own. `features` are in the
    order of their installation, on top of the image `base` ("" where there are none). `pinned` is the
    reference by digest, where that is what runs.
    """

    reference: str
    identity: str
    user: str = ""
    metadata: str = ""
    inputs: str = ""
    bases: tuple[tuple[str, str], ...] = ()
    base: str = ""
    features: tuple[RecordedFeature, ...] = ()
    pinned: str = ""
