"""Only the image of a workspace: the planner's steps up to the container, and a push if asked."""

from __future__ import annotations

import msgspec

from moorage.builders.images import push as push_image
from moorage.errors import UsageError
from moorage.facts.image import in_registry
from moorage.oci.failures import ImageNotFound
from moorage.planner.facts import Facts
from moorage.planner.plan import Ask, observe, plan
from moorage.planner.request import Request
from moorage.planner.steps import BuildFeatures, BuildImage, PullImage, RunInitialize, WriteLockfile
from moorage.spec.observation import Observation
from moorage.workspace.answers import answers
from moorage.workspace.apply.image import logins
from moorage.workspace.placing import placed
from moorage.workspace.site import Site
from moorage.workspace.up import carry_out

_ROUNDS = 30


class NothingToPush(UsageError):
    """--push was given without a repository of one's own, or for an image that is not built."""

    code = "nothing-to-push"


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """The image that a workspace of this configuration runs."""

    reference: str
    identity: str
    built: bool
    pushed: bool = False


async def build(request: Request, site: Site, *, push: bool = False, initialize: bool = True) -> Image:
    """Have the image on the engine, and in its registry if asked; a tag that is there is not pushed again.

    For a cluster it is in its registry in any case, where the cluster's builder has put it.

    `initialize`: run initializeCommand first. Raises NothingToPush, and what the steps raise.
    """
    request = placed(request, site)
    if push and not request.repository:
        raise NothingToPush(
            "--push needs to know where to.", hint="Add --repository registry.example.com/team/project."
        )
    past = frozenset[str]() if initialize else frozenset({"initialize"})
    facts = Facts({observe(request): Observation()}, past)
    built = False
    for _ in range(_ROUNDS):
        outcome = plan(request, facts)
        if isinstance(outcome, Ask):
            facts = facts.answered(await answers(request, site, outcome.questions))
            continue
        if outcome.wanted is not None:
            image = Image(reference=outcome.wanted.spec.image, identity=outcome.identity, built=built)
            if site.cluster:
                return msgspec.structs.replace(image, pushed=built)
            return await _pushed(site, image) if push else image
        for step in outcome.steps:
            if isinstance(step, BuildImage | BuildFeatures | PullImage | RunInitialize | WriteLockfile):
                built = built or isinstance(step, BuildImage | BuildFeatures)
                facts = await carry_out(request, site, facts, step)
    raise TypeError("the planner did not come to an image")


async def _pushed(site: Site, image: Image) -> Image:
    try:
        await in_registry(site.engine, image.reference, "", site.reporter, site.preferences.registries)
    except ImageNotFound:
        await push_image(site.engine, image.reference, logins(site))
        return msgspec.structs.replace(image, pushed=True)
    return image
