"""Installs for tests."""

from __future__ import annotations

from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.feature import Feature, Option
from moorage.devcontainer.features.found import FoundFeature
from moorage.image.key import digest


def install(id: str = "node", version: str = "1.6.3", value: object = True, **more: object) -> Install:
    """A Feature of a registry with an option `version`; `more` are properties of its JSON, as in Python."""
    base = f"ghcr.io/devcontainers/features/{id}"
    feature = Feature(
        id=id,
        version=version,
        **{"options": {"version": Option(default="lts")}, **more},  # type: ignore[arg-type]
    )
    raw: dict[str, object] = {"id": id, "version": version, **{k: v for k, v in more.items() if k == "init"}}
    return Install(
        found=FoundFeature(
            reference=f"{base}:1",
            kind="oci",
            base=base,
            tag="1",
            digest=f"sha256:{digest((id, version))}",
            feature=feature,
            raw=raw,
        ),
        value={} if value is True else value,
    )
