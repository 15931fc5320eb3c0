"""Made-up Features for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from moorage.devcontainer.features.feature import Feature
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import LocalReference, OciReference, Reference, parse


def digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def found(written: str, version: str = "1.0.0", content: str = "", **said: Any) -> FoundFeature:
    """What looking up `written` gives, with `said` in its devcontainer-feature.json."""
    reference = parse(written)
    raw = {"id": reference.id, "version": version, "name": reference.id, **said}
    kind, base, tag, pinned = _identity(reference)
    seal = pinned or digest(f"{base} {version} {content}")
    return FoundFeature(
        reference=written,
        kind=kind,
        base=base,
        tag=tag,
        digest=seal,
        resolved={"oci": f"{base}@{seal}", "tarball": base}.get(kind, ""),
        feature=msgspec.convert(raw, Feature),
        raw=raw,
    )


def _identity(reference: Reference) -> tuple[Literal["oci", "local", "tarball"], str, str, str]:
    if isinstance(reference, OciReference):
        return "oci", reference.base, reference.tag, reference.digest
    if isinstance(reference, LocalReference):
        return "local", f"/w/.devcontainer/{reference.path}", "", ""
    return "tarball", reference.base, "", ""


def lookup(said: Mapping[str, Mapping[str, Any]]) -> dict[str, FoundFeature]:
    """Reference → what its devcontainer-feature.json says → what was found."""
    return {written: found(written, **members) for written, members in said.items()}
