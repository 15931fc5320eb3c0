"""Moves one Feature of a devcontainer.json to another version, and leaves the rest of the text as it is."""

from __future__ import annotations

import re

import msgspec

from moorage.devcontainer.features.legacy import mapped
from moorage.devcontainer.features.reference import (
    BadFeatureReference,
    GithubReference,
    OciReference,
    Reference,
    parse,
)
from moorage.devcontainer.features.versions import is_version
from moorage.devcontainer.jsonc import Document
from moorage.errors import UsageError

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_VERSION = re.compile(r"[:@][^/]*$")


class BadTargetVersion(UsageError):
    """The version to move to has another form than the tags of Features."""

    code = "bad-target-version"


class FeatureNotUsed(UsageError):
    """The configuration names no such Feature, or none that has versions."""

    code = "feature-not-used"


def retarget(document: Document, feature: str, version: str) -> str:
    """The text of a devcontainer.json with the Feature's reference at `version`; comments and order stay.

    `feature` is the reference with or without a version. Raises BadTargetVersion, FeatureNotUsed.
    """
    if not is_version(version):
        raise BadTargetVersion(
            f"Invalid version {version!r}. Must be in the form of 'x', 'x.y', or 'x.y.z'.",
            hint="Write a version such as 1 or 1.2.3.",
        )
    written = _find(document, feature)
    target = f"{_VERSION.sub('', mapped(written))}:{version}"
    if target != written and target in _features(document):
        raise FeatureNotUsed(
            f"{document.file} names {target!r} already, beside {written!r}.", hint=f"Remove {written!r}."
        )
    return _with_key(document, written, target)


def _find(document: Document, feature: str) -> str:
    features = _features(document)
    wanted = _base(feature)
    for written in features:
        if _base(written) == wanted:
            if isinstance(_parsed(written), OciReference):
                return written
            raise FeatureNotUsed(
                f"The Feature {written!r} is not in a registry, so that it has no versions.",
                hint="Name a Feature of a registry.",
            )
    raise FeatureNotUsed(f"{document.file} does not use the Feature {feature!r}.", hint=_used(features))


def _used(features: dict[str, object]) -> str:
    return f"It uses {', '.join(features)}." if features else "It uses no Features."


def _features(document: Document) -> dict[str, object]:
    features = document.value.get("features")
    return features if isinstance(features, dict) else {}


def _base(text: str) -> str:
    reference = _parsed(text)
    if isinstance(reference, OciReference | GithubReference):
        return reference.base
    return text


def _parsed(text: str) -> Reference | None:
    try:
        return parse(text)
    except BadFeatureReference:
        return None


def _with_key(document: Document, written: str, target: str) -> str:
    text = document.text
    start = document.offsets[("features", written)][0]
    match = _STRING.match(text, start)
    assert match is not None  # the parser found a key there
    return text[:start] + msgspec.json.encode(target).decode() + text[match.end() :]
