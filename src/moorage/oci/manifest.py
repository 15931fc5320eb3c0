"""Manifests, indexes and the choice of a platform (OCI image specification 1.1, Docker schema 2). Pure."""

from __future__ import annotations

from typing import Annotated

import msgspec

from moorage.oci.failures import BadAnswer

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

ACCEPT = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST))

Digest = Annotated[
    str, msgspec.Meta(pattern=r"\A(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})\Z")
]
Size = Annotated[int, msgspec.Meta(ge=0)]

_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm"}
# What each processor also runs, best first (Go's GOARM and GOAMD64, as containerd orders them).
_FALLBACKS = {"arm": ("v8", "v7", "v6", "v5"), "amd64": ("v4", "v3", "v2", "v1"), "arm64": ("v9", "v8")}
_BASELINE = {"arm": "v7", "amd64": "v1", "arm64": "v8"}


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """An operating system and processor in Go's words: linux/amd64, linux/arm64/v8."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A pointer to content: what it is, its digest, its size in bytes."""

    media_type: str = ""
    digest: Digest
    size: Size
    platform: Platform | None = None
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One image (or artifact): its configuration and its layers, lowest first."""

    schema_version: int
    media_type: str = ""
    artifact_type: str | None = None
    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    annotations: dict[str, str] | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One name for the same image on several platforms."""

    schema_version: int
    media_type: str = ""
    manifests: tuple[Descriptor, ...] = ()
    annotations: dict[str, str] | None = None


class _Shape(msgspec.Struct, rename="camel"):
    schema_version: int = 0
    media_type: str | None = None
    manifests: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    layers: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    config: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def decode(body: bytes, content_type: str, what: str) -> Manifest | Index:
    """Read a manifest or an index; `what` names it in errors. The body's media type wins over the header's.

    A document that could be read as both is refused (CVE-2021-41190). Raises `BadAnswer`.
    """
    try:
        shape = msgspec.json.decode(body, type=_Shape)
        kind = _kind(shape, content_type.partition(";")[0].strip())
        decoded: Manifest | Index = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BadAnswer(
            f"{what} is not described by an image manifest",
            evidence=(f"content type {content_type or 'not given'}", str(error)),
            hint="Check that the name is an image, and that no proxy answers in the registry's place.",
        ) from error
    return decoded


def parse_platform(text: str) -> Platform:
    """Read `os/architecture[/variant]` or an architecture alone (linux), with the names of `uname -m` too."""
    parts = text.strip().lower().split("/")
    if len(parts) == 1:
        parts = ["linux", *parts]
    if len(parts) > 3 or not all(parts):
        raise ValueError(f"{text!r} is no platform; write linux/amd64 or linux/arm64/v8")
    os, architecture, variant = (*parts, "")[:3]
    if architecture == "armel" and not variant:
        variant = "v6"
    return Platform(os=os, architecture=_ARCHITECTURES.get(architecture, architecture), variant=variant)


def choose(index: Index, wanted: Platform) -> Descriptor | None:
    """The entry to run on `wanted`: the same variant, else the best that this processor also runs.

    Attestations (platform unknown/unknown) are never chosen; an entry that states no platform only if it is
    the only image of the index.
    """
    images = [entry for entry in index.manifests if not _is_attestation(entry)]
    by_variant: dict[str, Descriptor] = {}
    for entry in images:
        if entry.platform and _same_machine(entry.platform, wanted):
            by_variant.setdefault(_variant(entry.platform), entry)
    for variant in _runnable(wanted):
        if variant in by_variant:
            return by_variant[variant]
    return images[0] if len(images) == 1 and images[0].platform is None else None


def platforms(index: Index) -> tuple[Platform, ...]:
    """What the index offers, without attestations."""
    return tuple(entry.platform for entry in index.manifests if entry.platform and not _is_attestation(entry))


def _kind(shape: _Shape, content_type: str) -> type[Manifest] | type[Index]:
    if shape.schema_version == 1:
        raise ValueError("schema 1 images are no longer supported by any engine; push it again")
    is_index = shape.manifests is not msgspec.UNSET
    is_manifest = shape.config is not msgspec.UNSET or shape.layers is not msgspec.UNSET
    if is_index == is_manifest:
        raise ValueError("neither or both of an index and a manifest")
    stated = shape.media_type or content_type
    if stated in (OCI_INDEX, DOCKER_INDEX) and not is_index:
        raise ValueError(f"called {stated}, but has layers")
    if stated in (OCI_MANIFEST, DOCKER_MANIFEST) and is_index:
        raise ValueError(f"called {stated}, but lists manifests")
    return Index if is_index else Manifest


def _is_attestation(entry: Descriptor) -> bool:
    if (entry.annotations or {}).get("vnd.docker.reference.type"):
        return True
    return entry.platform is not None and entry.platform.os == "unknown"


def _same_machine(offered: Platform, wanted: Platform) -> bool:
    return (offered.os, _architecture(offered)) == (wanted.os, _architecture(wanted))


def _architecture(platform: Platform) -> str:
    return _ARCHITECTURES.get(platform.architecture, platform.architecture)


def _variant(platform: Platform) -> str:
    return platform.variant or _BASELINE.get(_architecture(platform), "")


def _runnable(wanted: Platform) -> tuple[str, ...]:
    variant = _variant(wanted)
    ladder = _FALLBACKS.get(_architecture(wanted), ())
    return ladder[ladder.index(variant) :] if variant in ladder else (variant,)
