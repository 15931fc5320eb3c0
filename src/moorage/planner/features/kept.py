"""The Features of a container that stays: nothing is made, and what differs by now is told in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from moorage.devcontainer.features.found import FoundFeature
from moorage.image import key
from moorage.planner.below import Below, Chosen, recorded
from moorage.planner.configured import Configured
from moorage.planner.facts import Facts
from moorage.planner.features.asked import asked_features, lock_of, question
from moorage.planner.request import Request
from moorage.spec.image import Record, RecordedFeature

if TYPE_CHECKING:
    from moorage.devcontainer.features.lockfile import Lockfile


def below_of(record: Record) -> Record:
    """What a container remembers of its image, as if it had no Features."""
    if not record.base:
        return record
    return msgspec.structs.replace(record, reference=record.base, pinned="")


def kept(request: Request, facts: Facts, configuration: Configured, below: Below, record: Record) -> Chosen:
    """The image of a container that stays, and in words what is another by now. No registry is asked."""
    misses = [*_base_moved(below, record), *_changed(request, facts, configuration, record)]
    return Chosen(image=recorded(record, record.reference), record=record, misses=tuple(misses))


def _base_moved(below: Below, record: Record) -> tuple[str, ...]:
    before = record.base or record.reference
    if below.image.reference == before:
        return ()
    return below.misses or (f"image: {before} → {below.image.reference}",)


def _changed(request: Request, facts: Facts, configuration: Configured, record: Record) -> Iterator[str]:
    """Features that were added, removed, given other options, locked to another version, or edited."""
    asked, lock = asked_features(request, configuration), lock_of(request, configuration)
    before = {each.reference: each for each in record.features}
    yield from (f"Feature {reference} is gone" for reference in before if reference not in asked)
    for reference, value in asked.items():
        was = before.get(reference)
        if was is None:
            yield f"Feature {reference} is new"
            continue
        if was.options != key.digest(value)[:16]:
            yield f"options of Feature {reference} changed"
        yield from _moved(request, facts, configuration, was, lock)


def _moved(
    request: Request, facts: Facts, configuration: Configured, was: RecordedFeature, lock: Lockfile | None
) -> Iterator[str]:
    locked = lock.entry(was.reference) if lock else None
    if locked and locked.integrity != was.digest:
        yield f"Feature {was.reference} {was.version} → {locked.version}"
    ask = question(request, configuration, was.reference, None)
    if not ask.workspace:
        return  # of a registry, or of a repository whose files are not on this machine
    now = facts.need(ask, FoundFeature)
    if now.digest != was.digest:
        yield f"files of Feature {was.reference} changed"
