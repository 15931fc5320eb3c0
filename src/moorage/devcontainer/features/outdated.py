"""What is newer than what a configuration uses."""

# No `from __future__ import annotations`, as in properties.

from collections.abc import Iterable

import msgspec

from moorage.devcontainer.features.reference import OciReference
from moorage.devcontainer.features.versions import major, newest_first, newest_of


class Outdated(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One Feature's line of `outdated`, in the words of the reference CLI. None is "cannot be told"."""

    current: str | None = None
    wanted: str | None = None
    """The newest version that the reference allows."""
    wanted_major: str | None = None
    latest: str | None = None
    latest_major: str | None = None


def outdated(
    reference: OciReference, tags: Iterable[str], *, locked: str | None = None, pinned: str | None = None
) -> Outdated:
    """Compare what is in use with a registry's tags.

    `locked` is the version in the lockfile; `pinned` that of the manifest which a digest in the reference
    names. Without a lockfile, what the reference allows is what is in use.
    """
    versions = newest_first(tags)
    wanted = newest_of(reference.tag, versions) if reference.tag else locked or pinned
    latest = versions[0] if versions else None
    return Outdated(
        current=locked or wanted,
        wanted=wanted,
        wanted_major=major(wanted),
        latest=latest,
        latest_major=major(latest),
    )
