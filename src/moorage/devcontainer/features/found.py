"""One reference that was looked up: what goes from those who ask registries to those who decide."""

# No `from __future__ import annotations`, as in properties.

from typing import Literal

import msgspec

from moorage.devcontainer.features.feature import Feature


class FoundFeature(msgspec.Struct, frozen=True, kw_only=True):
    """What a reference named when it was looked up: its metadata and identity, not yet its files.

    `base` is the identity without a version: registry/namespace/id, the URL, the absolute folder, or
    owner/repo/id. `digest` is that of the manifest (oci), of the file (tarball, github), or of the
    normalised tree (local). `resolved` is the lockfile's word: `registry/path@sha256:…` or the URL, "" for
    local ones. `content` says where the files are: the layer's digest (oci), the file's (tarball), or the
    absolute folder (local).
    """

    reference: str
    """As written in the configuration or in another Feature's dependsOn."""
    kind: Literal["oci", "tarball", "local", "github"]
    base: str
    tag: str = ""
    digest: str
    resolved: str = ""
    feature: Feature
    raw: dict[str, object]
    """The devcontainer-feature.json as it is."""
    manifest: dict[str, object] | None = None
    content: str = ""
