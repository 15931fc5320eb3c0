"""When two installs are the same one, and which of two comes first: the rules of the reference CLI.

Where the CLI differs from the specification's text (fewer options first, tags as texts, local Features of one
folder with equal options are one), the CLI counts: orders and lockfiles that exist depend on it.
"""

from __future__ import annotations

import msgspec

from moorage.devcontainer.features.collation import compare as collate
from moorage.devcontainer.features.found import FoundFeature


class Install(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a Feature's script. The same Feature with other options is another install."""

    found: FoundFeature
    value: object
    """The options as written: an object, a text or a boolean."""
    needed_by: tuple[str, ...] = ()
    """The references that led here by dependsOn, outermost first; empty where the configuration names it."""


def same(one: Install, other: Install) -> bool:
    """Whether one of the two is enough; that is where `compare` gives 0."""
    a, b = one.found, other.found
    alike = a.digest == b.digest if a.kind == "oci" else (a.base, a.tag) == (b.base, b.tag)
    return a.kind == b.kind and alike and compare_options(one.value, other.value) == 0


def compare(one: Install, other: Install) -> int:
    """Negative where `one` comes first among those that may be installed in one round."""
    a, b = one.found, other.found
    if a.kind != b.kind:
        return collate(a.reference, b.reference)
    if a.kind == "oci":
        return _compare_oci(one, other)
    return collate(a.base, b.base) or collate(a.tag, b.tag) or compare_options(one.value, other.value)


def compare_options(one: object, other: object) -> int:
    """Options as written. Fewer keys first, then the sorted keys, then values: false, true, nothing last."""
    if isinstance(one, dict) and isinstance(other, dict):
        return len(one) - len(other) or _compare_members(one, other)
    if isinstance(one, bool) and isinstance(other, bool):
        return one - other
    if isinstance(one, str) and isinstance(other, str):
        return collate(one, other)
    return collate(_kind(one), _kind(other)) or collate(_text(one), _text(other))


def names(found: FoundFeature) -> tuple[str, ...]:
    """Every id that a Feature has or had in its namespace, today's first."""
    feature = found.feature
    return (feature.current_id or found.base.rpartition("/")[2], *feature.legacy_ids)


def _compare_oci(one: Install, other: Install) -> int:
    a, b = one.found, other.found
    options = compare_options(one.value, other.value)
    if a.digest == b.digest and options == 0:
        return 0
    return (
        collate(_namespace(a), _namespace(b))
        or _compare_ids(a, b)
        or (collate(a.tag, b.tag) if a.tag and b.tag else 0)
        or options
        or collate(a.digest, b.digest)
    )


def _compare_ids(a: FoundFeature, b: FoundFeature) -> int:
    if set(names(a)) & set(names(b)):
        return 0
    return collate(a.base.rpartition("/")[2], b.base.rpartition("/")[2])


def _namespace(found: FoundFeature) -> str:
    return found.base.rpartition("/")[0]


def _compare_members(one: dict[str, object], other: dict[str, object]) -> int:
    for key, peer in zip(sorted(one), sorted(other), strict=True):
        found = collate(key, peer) or _compare_values(one[key], other[peer])
        if found:
            return found
    return 0


def _compare_values(one: object, other: object) -> int:
    if one is None or other is None:
        return (one is None) - (other is None)
    return compare_options(one, other)


def _kind(value: object) -> str:
    """What JavaScript calls the value's type."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, int | float) else "object"


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
