from __future__ import annotations

from typing import TypeVar

import pytest

from moorage.devcontainer.features.lockfile import LockfileMismatch, LockfileMissing
from moorage.planner.below import recorded
from moorage.planner.facts import Facts
from moorage.planner.features.kept import below_of
from moorage.planner.learning import forecast
from moorage.planner.plan import Ask, Plan, plan
from moorage.planner.questions import Observe, ReadFeature
from moorage.planner.request import Request
from moorage.planner.steps import (
    BuildFeatures,
    BuildImage,
    CreateContainer,
    PullImage,
    RunHooks,
    WriteLockfile,
)
from moorage.spec.image import Record
from moorage.spec.observation import Observation

from .situations import GIT, World, request

T = TypeVar("T")

GO = "ghcr.io/devcontainers/features/go:1"
NODE = "ghcr.io/devcontainers/features/node:1"
IMAGE_ONLY = {"image": "debian:bookworm-slim", "features": {GO: {"version": "1.22"}}}
BUILT = {"build": {"dockerfile": "Dockerfile"}, "features": {GO: {}}}


def test_all_features_of_a_level_are_asked_for_side_by_side() -> None:
    world = World(
        {"image": "debian:bookworm-slim", "features": {GO: {}, NODE: {}}},
        features={GO: {"dependsOn": {"ghcr.io/x/y:1": {}}}, NODE: {"dependsOn": {"ghcr.io/x/y:1": {}}}},
    )
    rounds = [
        {each.reference for each in asked.questions if isinstance(each, ReadFeature)}
        for asked in _rounds(request(), world)
    ]
    assert [each for each in rounds if each] == [{GO, NODE}, {"ghcr.io/x/y:1"}]


def test_an_image_with_features_is_locked_built_and_run() -> None:
    steps = _steps(request(), World(IMAGE_ONLY))
    assert [type(step) for step in steps][:3] == [WriteLockfile, BuildFeatures, CreateContainer]
    made = _one(steps, BuildFeatures)
    assert made.spec.dockerfile.startswith("FROM debian:bookworm-slim\n")
    assert _one(steps, CreateContainer).spec.image == made.spec.tag


def test_an_image_that_is_not_here_is_pulled_before_its_features_are_installed() -> None:
    kinds = [type(step) for step in _steps(request(lockfile="ignore"), World(IMAGE_ONLY, here=()))]
    assert kinds[:2] == [PullImage, BuildFeatures]


def test_features_go_on_top_of_the_image_of_a_dockerfile() -> None:
    steps = _steps(request(lockfile="ignore"), World(BUILT))
    built, featured = _one(steps, BuildImage), _one(steps, BuildFeatures)
    assert featured.spec.dockerfile.startswith(f"FROM {built.spec.tag}\n")
    assert "USER dev\n" in featured.spec.dockerfile


def test_a_finished_image_is_found_without_the_one_below() -> None:
    tag = _one(_steps(request(lockfile="ignore"), World(BUILT)), BuildFeatures).spec.tag
    later = World(BUILT, here=("debian:bookworm-slim", tag))
    assert next(type(step) for step in _steps(request(lockfile="ignore"), later)) is CreateContainer


def test_the_lockfile_pins_what_is_asked_for() -> None:
    lock = _one(_steps(request(), World(IMAGE_ONLY)), WriteLockfile).text.encode()
    world = World(IMAGE_ONLY, lock=lock)
    assert not [step for step in _steps(request(), world) if isinstance(step, WriteLockfile)]
    asked = [each for each in world.asked if isinstance(each, ReadFeature)]
    assert all(each.digest.startswith("sha256:") for each in asked)
    assert asked


def test_a_frozen_lockfile_has_to_be_there_and_right() -> None:
    with pytest.raises(LockfileMissing, match="does not exist"):
        _steps(request(lockfile="frozen"), World(IMAGE_ONLY))
    lock = _one(_steps(request(), World(IMAGE_ONLY)), WriteLockfile).text.encode()
    more = {**IMAGE_ONLY, "features": {GO: {}, NODE: {}}}
    with pytest.raises(LockfileMismatch, match="does not match"):
        _steps(request(lockfile="frozen"), World(more, lock=lock))


def test_a_repository_elsewhere_gets_no_lockfile() -> None:
    assert not [each for each in _steps(request(GIT), World(IMAGE_ONLY)) if isinstance(each, WriteLockfile)]


def test_features_of_the_image_run_their_hooks_before_the_configurations() -> None:
    world = World(
        {**IMAGE_ONLY, "postCreateCommand": "make"}, features={GO: {"postCreateCommand": "go version"}}
    )
    hooks = _one(_steps(request(), world), RunHooks)
    assert [stage.commands[0].argv[-1] for stage in hooks.stages] == ["go version", "make"]


def test_a_warm_workspace_asks_no_registry_for_its_features() -> None:
    world = World(IMAGE_ONLY)
    world.observation = _finished(request(), world)
    world.asked.clear()
    outcome = plan(request(), world.facts(request()))
    assert isinstance(outcome, Plan)
    assert (outcome.steps, outcome.differences) == ((), ())
    assert not [each for each in world.asked if isinstance(each, ReadFeature)]


def test_the_image_below_is_not_the_one_that_was_pinned_with_its_features() -> None:
    record = Record(
        reference="built:1", identity="x", base="debian:bookworm-slim", pinned=f"built@sha256:{64 * 'a'}"
    )
    assert recorded(below_of(record), record.base).reference == "debian:bookworm-slim"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"features": {GO: {"version": "1.23"}}}, f"options of Feature {GO} changed"),
        ({"features": {GO: {"version": "1.22"}, NODE: {}}}, f"Feature {NODE} is new"),
        ({"features": {}}, f"Feature {GO} is gone"),
        ({"image": "debian:trixie"}, "image: debian:bookworm-slim → debian:trixie"),
    ],
)
def test_what_changed_is_told_and_nothing_is_made(changes: dict[str, object], said: str) -> None:
    world = World(IMAGE_ONLY)
    world.observation = _finished(request(), world)
    world.configuration = {**IMAGE_ONLY, **changes}
    outcome = plan(request(), world.facts(request()))
    assert isinstance(outcome, Plan)
    assert outcome.steps == ()
    assert [each.text for each in outcome.differences] == [said]


def test_an_edited_local_feature_is_told() -> None:
    local: dict[str, object] = {"image": "debian:bookworm-slim", "features": {"./tool": {}}}
    world = World(local)
    world.observation = _finished(request(), world)
    world.features = {"./tool": {"description": "other"}}
    outcome = plan(request(), world.facts(request()))
    assert isinstance(outcome, Plan)
    assert [each.text for each in outcome.differences] == ["files of Feature ./tool changed"]


def test_a_newer_lock_is_told_with_both_versions() -> None:
    world = World(IMAGE_ONLY)
    lock = _one(_steps(request(), world), WriteLockfile).text
    world.observation = _finished(request(), world)
    digest = lock.partition("@")[2][:71]
    world.lock = lock.replace(digest, "sha256:" + "9" * 64).replace('"1.0.0"', '"1.7.0"').encode()
    outcome = plan(request(), world.facts(request()))
    assert isinstance(outcome, Plan)
    assert [each.text for each in outcome.differences] == [f"Feature {GO} 1.0.0 → 1.7.0"]


def test_a_rebuild_makes_both_images_once() -> None:
    asked = request(rebuild=True, lockfile="ignore")
    tag = _one(_steps(request(lockfile="ignore"), World(BUILT)), BuildFeatures).spec.tag
    kinds = [type(step) for step in _steps(asked, World(BUILT, here=("debian:bookworm-slim", tag)))]
    assert kinds.count(BuildImage) == 1
    assert kinds.count(BuildFeatures) == 1


def test_additional_features_lose_against_the_files_own() -> None:
    asked = request(features={GO: {"version": "9"}, NODE: {}}, lockfile="ignore")
    installs = _one(_steps(asked, World(IMAGE_ONLY)), BuildFeatures).installs
    assert {each.found.reference: each.value for each in installs} == {GO: {"version": "1.22"}, NODE: {}}


def _rounds(asked: Request, world: World) -> list[Ask]:
    rounds, facts = [], Facts()
    while isinstance(outcome := plan(asked, facts), Ask):
        rounds.append(outcome)
        facts = facts.answered({question: world.answer(question) for question in outcome.questions})
    return rounds


def _steps(asked: Request, world: World) -> tuple[object, ...]:
    return _whole(asked, world)[0].steps


def _finished(asked: Request, world: World) -> Observation:
    volume = asked.volume if asked.source == GIT else ""
    return _whole(asked, world)[1].need(Observe(container=asked.container, volume=volume), Observation)


def _whole(asked: Request, world: World) -> tuple[Plan, Facts]:
    reached = forecast(asked, world.facts(asked))
    while reached.ask is not None:
        answers = {question: world.answer(question) for question in reached.ask.questions}
        reached = forecast(asked, reached.facts.answered(answers), reached.plan.steps)
    return reached.plan, reached.facts


def _one(steps: tuple[object, ...], kind: type[T]) -> T:
    found = [step for step in steps if isinstance(step, kind)]
    assert len(found) == 1, steps
    return found[0]
