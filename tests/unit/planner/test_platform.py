"""What images are for decides what a Dockerfile means, and so the image key."""

from __future__ import annotations

import msgspec
import pytest

from moorage.planner.learning import forecast
from moorage.planner.plan import Ask, plan
from moorage.planner.questions import AskEngine, FindImage, ReadDockerfile
from moorage.planner.request import Request
from moorage.planner.steps import BuildFeatures, BuildImage, Step

from .situations import ENGINE, World, request

DOCKERFILE = "ARG TARGETARCH\nFROM base-$TARGETARCH\nRUN true\n"
BUILT = {"build": {"dockerfile": "Dockerfile"}}
FEATURED = {"image": "base-arm64", "features": {"example.com/a/b:1": {}}}


def world(platform: str, configuration: dict[str, object] = BUILT) -> World:
    return World(
        configuration,
        dockerfile=DOCKERFILE,
        here=("base-amd64", "base-arm64"),
        engine=msgspec.structs.replace(ENGINE, platform=platform),
    )


def build(asked: Request, place: World) -> BuildImage | BuildFeatures:
    facts = place.facts(asked)
    steps: tuple[Step, ...] = forecast(asked, facts).plan.steps
    return next(step for step in steps if isinstance(step, BuildImage | BuildFeatures))


@pytest.mark.parametrize(
    ("asked", "place", "base"),
    [
        ("", "linux/arm64", "base-arm64"),
        ("", "linux/amd64", "base-amd64"),
        ("", "linux/", "base-amd64"),
        ("linux/arm64", "linux/amd64", "base-arm64"),
    ],
)
def test_a_dockerfile_is_read_for_the_place_where_it_runs(asked: str, place: str, base: str) -> None:
    here = world(place)
    build(request(platform=asked), here)
    assert {each.reference for each in here.asked if isinstance(each, FindImage) and not each.local} == {base}
    assert (AskEngine() in here.asked) or asked


@pytest.mark.parametrize("configuration", [BUILT, FEATURED])
def test_images_for_other_places_have_other_keys(configuration: dict[str, object]) -> None:
    tags = {
        build(request(lockfile="ignore"), world(place, configuration)).spec.tag
        for place in ("linux/arm64", "linux/amd64")
    }
    assert len(tags) == 2
    same = build(
        request(lockfile="ignore", platform="linux/arm64"), world("linux/amd64", configuration)
    ).spec.tag
    assert same in tags


def test_the_place_is_asked_along_with_the_dockerfile() -> None:
    facts = world("linux/arm64").facts(request()).without(ReadDockerfile).without(AskEngine)
    outcome = plan(request(), facts)
    assert isinstance(outcome, Ask)
    assert {ReadDockerfile, AskEngine} <= {type(each) for each in outcome.questions}
