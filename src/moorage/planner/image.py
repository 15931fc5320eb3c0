"""Which image a configuration runs, and the step that brings it here when it is not (design section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from moorage.planner.below import Below, Chosen, recorded
from moorage.planner.configured import Configured
from moorage.planner.errors import BuildRefused
from moorage.planner.facts import Facts
from moorage.planner.questions import FindImage
from moorage.planner.request import Request
from moorage.planner.steps import BuildFeatures, BuildImage, PullImage, WriteLockfile
from moorage.spec.image import ImageFacts, Record

if TYPE_CHECKING:
    from moorage.planner.compose import Ours

__all__ = ["Chosen", "image_step"]


def image_step(
    request: Request, facts: Facts, configuration: Configured, record: Record | None
) -> Chosen | PullImage | BuildImage | WriteLockfile | BuildFeatures:
    """The image, or the one step that comes next on the way to it.

    `record` is that of a container which stays: then nothing is made, and what differs is only told.
    Raises BuildRefused where an image has to be built and nothing here does it.
    """
    step = _step(request, facts, configuration, record)
    if request.no_builds and isinstance(step, BuildImage | BuildFeatures):
        raise BuildRefused(
            f"{configuration.file.path}: its image has to be built, and here nothing builds images.",
            evidence=(step.title, step.reason),
            hint=request.no_builds,
        )
    return step


def _step(
    request: Request, facts: Facts, configuration: Configured, record: Record | None
) -> Chosen | PullImage | BuildImage | WriteLockfile | BuildFeatures:
    features = bool(configuration.configuration.features or request.features)
    if not features and not (record and record.base):
        return _settled(_below(request, facts, configuration, record))
    if record:
        from moorage.planner.features.kept import below_of, kept  # only where there are any

        return kept(
            request, facts, configuration, _below(request, facts, configuration, below_of(record)), record
        )
    from moorage.planner.features.install import featured  # all of it, for a container that is new

    return featured(request, facts, configuration, _below(request, facts, configuration, None))


def _below(request: Request, facts: Facts, configuration: Configured, record: Record | None) -> Below:
    """The image that the configuration names or builds, without its Features."""
    own = configuration.configuration
    if own.kind == "dockerfile" and own.build is not None:
        from moorage.planner.dockerfile import built  # only where one is built

        return built(request, facts, configuration, own.build, record)
    if own.kind == "compose":
        from moorage.planner import compose  # only where there is one

        return _service(compose.ours(request, facts, configuration), facts, configuration, record)
    return _named(request, facts, own.image or "", record)


def _service(ours: Ours, facts: Facts, configuration: Configured, record: Record | None) -> Below:
    """A service's image or build, as one of image or build.dockerfile; the service's user counts."""
    if ours.build is not None:
        from moorage.planner.dockerfile import built  # as above

        below = built(ours.request, facts, configuration, ours.build, record)
    else:
        below = _named(ours.request, facts, ours.service.image, record)
    user = ours.service.user or below.image.user
    return msgspec.structs.replace(below, image=msgspec.structs.replace(below.image, user=user))


def _settled(below: Below) -> Chosen | PullImage | BuildImage:
    return below.step or Chosen(image=below.image, record=below.record, misses=below.misses)


def _named(request: Request, facts: Facts, reference: str, record: Record | None) -> Below:
    if record:
        return Below(image=recorded(record, reference), record=record)
    pull = request.pull and "pull" not in facts.past
    found = facts.need(FindImage(reference=reference, fresh=pull), ImageFacts)
    remembered = Record(
        reference=reference,
        identity=found.identity,
        user=found.user,
        metadata=found.metadata,
        pinned="" if found.reference == reference else found.reference,
    )
    if not pull and found.present:
        return Below(image=found, record=remembered)
    reason = "asked by --pull" if pull else "the engine does not have it"
    return Below(image=found, record=remembered, step=PullImage(reference=reference, reason=reason))
