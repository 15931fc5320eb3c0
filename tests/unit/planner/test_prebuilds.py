"""Images that are only where a registry has them: their names, prebuilds among them, and who may build."""

from __future__ import annotations

import json

import msgspec
import pytest

from moorage.planner.errors import BuildRefused
from moorage.planner.plan import Plan, plan
from moorage.planner.questions import FindImage, Question
from moorage.planner.request import Request
from moorage.planner.steps import BuildFeatures, BuildImage
from moorage.spec import names
from moorage.spec.image import ImageFacts

from .situations import World, request

HOOK = {"postCreateCommand": "make"}
BUILT: dict[str, object] = {"build": {"dockerfile": "Dockerfile"}, **HOOK}
REPOSITORY = "registry.example.com/team/images"


class Registry(World):
    """`prebuilt` are metadata labels of images that whoever asks for a key finds, from the image up."""

    prebuilt: ImageFacts | None = None

    def answer(self, question: Question) -> object:
        if isinstance(question, FindImage) and question.local and self.prebuilt:
            self.asked.append(question)
            return msgspec.structs.replace(self.prebuilt, reference=f"{REPOSITORY}@sha256:{'0' * 64}")
        return super().answer(question)


def placed(**more: object) -> Request:
    return request(repository=REPOSITORY, registry_only=True, **more)


def planned(asked: Request, world: World) -> Plan:
    outcome = plan(asked, world.facts(asked))
    assert isinstance(outcome, Plan)
    return outcome


def test_an_image_is_looked_for_and_built_under_the_repository() -> None:
    world = World(BUILT)
    (step,) = planned(placed(), world).steps
    assert isinstance(step, BuildImage)
    assert step.spec.tag.startswith(f"{REPOSITORY}:")
    assert FindImage(reference=step.spec.tag, local=True) in world.asked


def test_the_image_below_features_is_there_too() -> None:
    world = World({**BUILT, "features": {"ghcr.io/x/y/node": {}}}, features={"ghcr.io/x/y/node": {}})
    asked = placed(lockfile="ignore")
    (step,) = planned(asked, world).steps
    assert isinstance(step, BuildImage)
    assert step.spec.tag.startswith(f"{REPOSITORY}:")


def test_what_is_built_says_how_much_of_its_metadata_is_the_configurations_own() -> None:
    (step,) = planned(placed(), World(BUILT)).steps
    assert isinstance(step, BuildImage | BuildFeatures)
    labels = dict(step.spec.labels)
    assert json.loads(labels[names.METADATA])[-1]["postCreateCommand"] == "make"
    assert labels[names.OWN_METADATA] == "1"
    (bare,) = planned(placed(), World({"build": {"dockerfile": "Dockerfile"}})).steps
    assert isinstance(bare, BuildImage)
    assert dict(bare.spec.labels)[names.OWN_METADATA] == "0"


@pytest.mark.parametrize("own", [0, 1])
def test_a_prebuilds_own_metadata_does_not_count_twice(own: int) -> None:
    """Without its own entries it is an image like any other, whose hooks come before the configuration's."""
    world = Registry(BUILT)
    below = [{"postCreateCommand": "below"}]
    world.prebuilt = ImageFacts(
        reference="", identity="sha256:x", metadata=json.dumps([*below, *([HOOK] * own)]), own_metadata=own
    )
    outcome = planned(placed(), world)
    assert outcome.wanted is not None
    commands = [stage.commands for stage in outcome.wanted.stages if stage.hook == "postCreateCommand"]
    assert len(commands) == 2
    assert outcome.wanted.spec.image == f"{REPOSITORY}@sha256:{'0' * 64}"


def test_where_nothing_builds_a_build_is_refused_and_a_prebuild_serves() -> None:
    asked = placed(no_builds="Set the option buildRepository.")
    with pytest.raises(BuildRefused, match="nothing builds images") as refused:
        planned(asked, World(BUILT))
    assert refused.value.hint == "Set the option buildRepository."
    world = Registry(BUILT)
    world.prebuilt = ImageFacts(reference="", identity="sha256:x")
    assert planned(asked, world).wanted is not None
