"""Reading manifests, and the choice of a platform."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.oci.failures import BadAnswer
from moorage.oci.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    Platform,
    choose,
    decode,
    parse_platform,
    platforms,
)

CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "a" * 64, "size": 2}


def entry(number: int, platform: str | None, **more: object) -> Descriptor:
    named = None
    if platform is not None:
        os, architecture, variant = (*platform.split("/"), "")[:3]
        named = Platform(os=os, architecture=architecture, variant=variant)
    return Descriptor(digest=f"sha256:{number:064x}", size=1, platform=named, **more)  # type: ignore[arg-type]


def index(*platforms: str | None) -> Index:
    entries = tuple(entry(number, platform) for number, platform in enumerate(platforms))
    return Index(schema_version=2, manifests=entries)


def chosen(found: Descriptor | None) -> int | None:
    return None if found is None else int(found.digest.removeprefix("sha256:"), 16)


@pytest.mark.parametrize(
    ("offered", "wanted", "number"),
    [
        (["linux/arm64/v8", "linux/amd64"], "linux/amd64", 1),
        (["linux/arm64/v8", "linux/amd64"], "linux/arm64", 0),
        (["linux/arm64", "linux/amd64"], "linux/arm64/v8", 0),
        (["linux/arm64/v9", "linux/arm64/v8"], "linux/arm64", 1),
        (["linux/arm64/v8"], "linux/arm64/v9", 0),
        (["linux/arm64/v9"], "linux/arm64/v8", None),
        (["linux/amd64/v3", "linux/amd64"], "linux/amd64", 1),
        (["linux/amd64/v3"], "linux/amd64", None),
        (["linux/amd64", "linux/amd64/v2"], "linux/amd64/v3", 1),
        (["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], "linux/arm/v6", 1),
        (["linux/arm/v5", "linux/arm/v6"], "linux/arm", 1),
        (["linux/386"], "linux/amd64", None),
        (["windows/amd64"], "linux/amd64", None),
        (["linux/riscv64"], "linux/riscv64", 0),
        (["linux/aarch64"], "linux/arm64", 0),
        (["unknown/unknown"], "linux/amd64", None),
        ([None], "linux/amd64", 0),
        ([None, None], "linux/amd64", None),
        (["linux/amd64", "linux/amd64"], "linux/amd64", 0),
        ([], "linux/amd64", None),
    ],
)
def test_choice(offered: list[str | None], wanted: str, number: int | None) -> None:
    assert chosen(choose(index(*offered), parse_platform(wanted))) == number


def test_an_attestation_is_never_chosen() -> None:
    marked = entry(0, "linux/amd64", annotations={"vnd.docker.reference.type": "attestation-manifest"})
    both = Index(schema_version=2, manifests=(marked, entry(1, "linux/amd64")))
    assert chosen(choose(both, parse_platform("amd64"))) == 1
    assert platforms(both) == (Platform(os="linux", architecture="amd64"),)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("aarch64", "linux/arm64"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("Linux/AMD64", "linux/amd64"),
        ("armel", "linux/arm/v6"),
    ],
)
def test_platform_names(text: str, whole: str) -> None:
    assert str(parse_platform(text)) == whole


@pytest.mark.parametrize("text", ["", "linux/", "a/b/c/d", "//"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(ValueError, match="no platform"):
        parse_platform(text)


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST, None])
def test_a_manifest_is_read(media_type: str | None) -> None:
    named = {"mediaType": media_type} if media_type else {}
    body = json.dumps({"schemaVersion": 2, **named, "config": CONFIG, "layers": [], "annotations": None})
    decoded = decode(body.encode(), f"{media_type or OCI_MANIFEST}; charset=utf-8", "x")
    assert isinstance(decoded, Manifest)
    assert decoded.config.digest == CONFIG["digest"]


def whole(**more: object) -> dict[str, object]:
    return {"schemaVersion": 2, "config": CONFIG, "layers": [], **more}


@pytest.mark.parametrize(
    ("document", "content_type", "cause"),
    [
        ({"schemaVersion": 1, "fsLayers": []}, "", "schema 1"),
        ({"schemaVersion": 2}, OCI_MANIFEST, "neither or both"),
        (whole(manifests=[]), OCI_INDEX, "neither or both"),
        (whole(), OCI_INDEX, "but has layers"),
        ({"schemaVersion": 2, "manifests": []}, DOCKER_MANIFEST, "lists manifests"),
        (
            {"schemaVersion": 2, "manifests": [], "mediaType": DOCKER_MANIFEST},
            DOCKER_INDEX,
            "lists manifests",
        ),
        (whole(config={**CONFIG, "digest": "sha256:../../x"}), "", "matching regex"),
        (whole(config={**CONFIG, "digest": f"{CONFIG['digest']}\n"}), "", "matching regex"),
        (whole(config={**CONFIG, "size": -1}), "", ">= 0"),
        ([], "", "object"),
    ],
)
def test_what_is_no_manifest_is_refused(document: object, content_type: str, cause: str) -> None:
    with pytest.raises(BadAnswer, match=r"ghcr\.io/a/b") as caught:
        decode(json.dumps(document).encode(), content_type, "ghcr.io/a/b")
    assert cause in caught.value.evidence[1]


_keys = st.sampled_from(["config", "layers", "manifests", "mediaType", "schemaVersion"])
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner),
    max_leaves=8,
)


@given(st.binary(max_size=200) | _values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadAnswer):
        assert isinstance(decode(body, "", "x"), Manifest | Index)
