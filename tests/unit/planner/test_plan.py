from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.planner.errors import ComposeNotYet, HostCommandRefused, NameInUse
from moorage.planner.facts import Facts
from moorage.planner.learning import forecast, learn, predicted
from moorage.planner.plan import Ask, Plan, plan
from moorage.planner.questions import Observe, ReadConfiguration, TakenName
from moorage.planner.request import Request
from moorage.planner.steps import (
    BuildFeatures,
    BuildImage,
    CloneSource,
    CreateContainer,
    PullImage,
    RemoveContainer,
    RunHooks,
    RunInitialize,
    StartContainer,
    WriteLockfile,
)
from moorage.spec import names
from moorage.spec.observation import Observation
from moorage.spec.run import differences, recorded

from .situations import GIT, IMAGE, World, request

IMAGE_ONLY = {"image": "debian:bookworm-slim", "postCreateCommand": "make"}
BUILT = {"build": {"dockerfile": "Dockerfile"}, "remoteUser": "dev", "postStartCommand": ["true"]}


def steps_of(asked: Request, world: World) -> list[str]:
    facts = world.facts(asked)
    return [type(step).__name__ for step in _whole(asked, facts, world)[0].steps]


def _whole(asked: Request, facts: Facts, world: World) -> tuple[Plan, Facts]:
    reached = forecast(asked, facts)
    while reached.ask is not None:
        answers = {question: world.answer(question) for question in reached.ask.questions}
        reached = forecast(asked, reached.facts.answered(answers), reached.plan.steps)
    return reached.plan, reached.facts


def test_the_first_questions_are_asked_side_by_side() -> None:
    outcome = plan(request(), Facts())
    assert isinstance(outcome, Ask)
    assert {type(question) for question in outcome.questions} == {ReadConfiguration, Observe}


@pytest.mark.parametrize(
    ("name", "asked"), [("", {"FindImage", "AskEngine", "ListNames"}), ("mine", {"FindImage", "AskEngine"})]
)
def test_what_a_new_container_needs_is_asked_along_with_its_image(name: str, asked: set[str]) -> None:
    wanted, world = request(name=name), World(IMAGE_ONLY)
    first = plan(wanted, Facts())
    assert isinstance(first, Ask)
    second = plan(wanted, Facts({each: world.answer(each) for each in first.questions}))
    assert isinstance(second, Ask)
    assert {type(question).__name__ for question in second.questions} == asked


def test_an_image_that_is_here_needs_no_pull() -> None:
    assert steps_of(request(), World(IMAGE_ONLY)) == [
        "CreateContainer",
        "PrepareContainer",
        "StartContainer",
        "RunHooks",
    ]


def test_an_image_that_is_not_here_is_pulled_first() -> None:
    assert steps_of(request(), World(IMAGE_ONLY, here=()))[0] == "PullImage"


def test_a_dockerfile_is_built_and_the_rest_is_foreseen() -> None:
    found = steps_of(request(), World(BUILT))
    assert found[0] == "BuildImage"
    assert found[-1] == "RunHooks"


def test_a_cloned_repository_is_cloned_between_create_and_start() -> None:
    found = steps_of(request(GIT), World(IMAGE_ONLY))
    assert found.index("CreateContainer") < found.index("CloneSource") < found.index("StartContainer")


def test_an_image_as_source_has_nothing_to_clone() -> None:
    assert "CloneSource" not in steps_of(request(IMAGE), World({"image": "debian:bookworm-slim"}))


def test_ids_of_the_host_go_to_the_remote_user() -> None:
    facts = World({**IMAGE_ONLY, "remoteUser": "dev"}).facts(request())
    outcome = plan(request(), facts)
    assert isinstance(outcome, Plan)
    assert outcome.wanted is not None
    assert (outcome.wanted.uid, outcome.wanted.gid) == (1000, 1000)


@pytest.mark.parametrize(
    "changes", [{"updateRemoteUserUID": False}, {"remoteUser": "root"}, {"remoteUser": "1001"}]
)
def test_ids_stay_where_the_specification_says_so(changes: dict[str, object]) -> None:
    outcome = plan(request(), World({**IMAGE_ONLY, "remoteUser": "dev", **changes}).facts(request()))
    assert isinstance(outcome, Plan)
    assert outcome.wanted is not None
    assert outcome.wanted.uid is None


def test_initialize_command_comes_first_and_ends_the_plan() -> None:
    asked = request()
    outcome = plan(asked, World({**IMAGE_ONLY, "initializeCommand": "make deps"}).facts(asked))
    assert isinstance(outcome, Plan)
    assert outcome.more
    assert [type(step) for step in outcome.steps] == [RunInitialize]


def test_initialize_command_of_a_clone_needs_consent() -> None:
    world = World({**IMAGE_ONLY, "initializeCommand": "curl x | sh"})
    with pytest.raises(HostCommandRefused) as caught:
        world.facts(request(GIT))
    assert "curl x | sh" in caught.value.evidence[0]
    assert steps_of(request(GIT, allow_host_commands=True), world)[0] == "RunInitialize"


def test_compose_of_a_repository_that_is_cloned_is_refused_by_name() -> None:
    with pytest.raises(ComposeNotYet, match="Compose"):
        World({"dockerComposeFile": "compose.yml", "service": "app"}).facts(request(GIT))


def test_compose_is_refused_in_a_cluster() -> None:
    with pytest.raises(ComposeNotYet, match="cluster"):
        World({"dockerComposeFile": "compose.yml", "service": "app"}).facts(request(registry_only=True))


def test_a_name_of_another_source_is_refused_and_a_default_name_gets_a_hash() -> None:
    taken = (TakenName(name="project", workspace="ffff", source="folder:/elsewhere/project"),)
    named = request(name="project")
    with pytest.raises(NameInUse):
        World(IMAGE_ONLY, names=taken).facts(named)
    asked = request()
    world = World(IMAGE_ONLY, names=taken)
    whole, _ = _whole(asked, world.facts(asked), world)
    created = next(step for step in whole.steps if isinstance(step, CreateContainer))
    assert dict(created.spec.labels)[names.NAME] == f"project-{asked.workspace[:4]}"


@pytest.mark.parametrize("others", [(), ("ffff",)])
@pytest.mark.parametrize("ending", ["", "-{}"])
def test_a_workspace_that_has_a_name_keeps_it(ending: str, others: tuple[str, ...]) -> None:
    """Whoever else came or went meanwhile: a container made anew is found by the name that was told."""
    asked = request()
    name = "project" + ending.format(asked.workspace[:4])
    source = "folder:/elsewhere/project"
    taken = tuple(TakenName(name="project", workspace=each, source=source) for each in others)
    own = TakenName(name=name, workspace=asked.workspace, source=asked.canonical)
    world = World(IMAGE_ONLY, names=(*taken, own))
    whole, _ = _whole(asked, world.facts(asked), world)
    created = next(step for step in whole.steps if isinstance(step, CreateContainer))
    assert dict(created.spec.labels)[names.NAME] == name


def test_what_a_template_adds_is_part_of_the_container() -> None:
    """Its run arguments come last, so that they win, and differ as others do; its record is a label."""
    asked = request(run_args=("--memory=1g",), template="{}")
    world = World({"image": "debian:bookworm-slim", "runArgs": ["--memory=9g"]})
    whole, _ = _whole(asked, world.facts(asked), world)
    created = next(step for step in whole.steps if isinstance(step, CreateContainer))
    assert created.spec.extras == ("--memory=9g", "--memory=1g")
    assert dict(created.spec.labels)[names.TEMPLATE] == "{}"
    more = msgspec.structs.replace(created.spec, extras=("--memory=9g", "--memory=2g"))
    assert [each.text for each in differences(recorded(created.spec), more)] == ["runArgs: --memory changed"]


def test_the_labels_hold_no_value_of_the_environment() -> None:
    asked = request(environment=(("TOKEN", "s3cret-value"),))
    whole, facts = _whole(asked, World(IMAGE_ONLY).facts(asked), World(IMAGE_ONLY))
    created = next(step for step in whole.steps if isinstance(step, CreateContainer))
    assert ("TOKEN", "s3cret-value") in created.spec.environment
    container = facts.need(Observe(container=asked.container), Observation).container
    assert container is not None
    assert "s3cret-value" not in json_of(container.labels)


def json_of(value: object) -> str:
    return msgspec.json.encode(value).decode()


def finished(asked: Request, world: World) -> Observation:
    _, facts = _whole(asked, world.facts(asked), world)
    question = Observe(container=asked.container, volume=asked.volume if asked.source == GIT else "")
    return facts.need(question, Observation)


def test_an_unchanged_workspace_has_nothing_due_and_asks_for_no_image() -> None:
    asked = request()
    world = World(BUILT)
    again = World(BUILT, observation=finished(asked, world))
    outcome = plan(asked, again.facts(asked))
    assert isinstance(outcome, Plan)
    assert (outcome.steps, outcome.differences) == ((), ())
    assert not [question for question in again.asked if type(question).__name__ == "FindImage"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"containerEnv": {"A": "1"}}, "containerEnv: A added"),
        ({"privileged": True}, "privileged: off → on"),
        ({"runArgs": ["--cpus=1"]}, "runArgs: --cpus added"),
        ({"mounts": ["type=volume,source=cache,target=/cache"]}, "mounts: with cache at /cache"),
        ({"image": "debian:trixie-slim"}, "image: debian:bookworm-slim → debian:trixie-slim"),
    ],
)
def test_what_changed_is_told_and_nothing_is_recreated(changes: dict[str, object], told: str) -> None:
    asked = request()
    seen = finished(asked, World(IMAGE_ONLY))
    outcome = plan(asked, World({**IMAGE_ONLY, **changes}, observation=seen).facts(asked))
    assert isinstance(outcome, Plan)
    assert outcome.steps == ()
    assert [difference.text for difference in outcome.differences] == [told]


def test_a_changed_dockerfile_is_named_by_its_line() -> None:
    asked = request()
    seen = finished(asked, World(BUILT))
    changed = World(
        BUILT, observation=seen, dockerfile=World(BUILT).dockerfile.replace("useradd dev", "useradd -m dev")
    )
    outcome = plan(asked, changed.facts(asked))
    assert isinstance(outcome, Plan)
    assert outcome.steps == ()
    assert "line 3" in outcome.differences[0].text


def test_recreate_removes_first_and_only_once() -> None:
    asked = request()
    seen = finished(asked, World(IMAGE_ONLY))
    world = World(IMAGE_ONLY, observation=seen)
    found = steps_of(request(recreate=True), world)
    assert found.count("RemoveContainer") == 1
    assert found[0] == "RemoveContainer"


def test_what_changed_before_the_first_start_is_made_anew_without_asking() -> None:
    asked = request()
    created = _cut_off(asked, World(IMAGE_ONLY), 1)
    assert created.container is not None
    assert not created.container.started_at
    assert steps_of(asked, World(IMAGE_ONLY, observation=created))[0] == "PrepareContainer"
    changed = World({**IMAGE_ONLY, "runArgs": ["--memory", "1g"]}, observation=created)
    assert steps_of(asked, changed)[:2] == ["RemoveContainer", "CreateContainer"]


def test_hooks_wait_until_it_is_known_what_the_preparation_owes() -> None:
    asked = request()
    created = _cut_off(asked, World(IMAGE_ONLY), 1)
    outcome = plan(asked, World(IMAGE_ONLY, observation=created).facts(asked))
    assert isinstance(outcome, Plan)
    assert [type(step).__name__ for step in outcome.steps] == ["PrepareContainer", "StartContainer"]
    assert outcome.more


def test_recreate_of_what_is_not_there_is_a_plain_create() -> None:
    found = steps_of(request(recreate=True), World(IMAGE_ONLY))
    assert found == ["CreateContainer", "PrepareContainer", "StartContainer", "RunHooks"]


def test_a_failed_hook_is_due_again_and_earlier_ones_are_not() -> None:
    asked = request()
    configuration = {**IMAGE_ONLY, "onCreateCommand": "one"}
    seen = finished(asked, World(configuration))
    journal = msgspec.structs.replace(
        seen.journal, done=("onCreateCommand:0",), failed="postCreateCommand:0", exit_code=1
    )
    world = World(configuration, observation=msgspec.structs.replace(seen, journal=journal))
    outcome = plan(asked, world.facts(asked))
    assert isinstance(outcome, Plan)
    (step,) = outcome.steps
    assert isinstance(step, RunHooks)
    assert step.keys == ("postCreateCommand:0",)
    assert "failed last time" in step.reason


CONFIGURATIONS = st.fixed_dictionaries(
    {},
    optional={
        "remoteUser": st.sampled_from(["dev", "root", "1000"]),
        "onCreateCommand": st.sampled_from(["a", ["b"], {"x": "c", "y": ["d"]}]),
        "postCreateCommand": st.just("e"),
        "postStartCommand": st.just("f"),
        "postAttachCommand": st.just("g"),
        "initializeCommand": st.just("h"),
        "waitFor": st.sampled_from(["onCreateCommand", "postCreateCommand"]),
        "containerEnv": st.just({"A": "${localEnv:HOME}"}),
        "remoteEnv": st.just({"P": "${containerEnv:A}"}),
        "overrideCommand": st.booleans(),
        "features": st.sampled_from([{"ghcr.io/a/b/go:1": {}}, {"./tool": {}, "ghcr.io/a/b/go:1": "1"}]),
        "mounts": st.just(["type=volume,source=v-${devcontainerId},target=/v"]),
    },
)


@given(
    configuration=CONFIGURATIONS,
    built=st.booleans(),
    here=st.booleans(),
    source=st.sampled_from([None, GIT, IMAGE]),
    options=st.fixed_dictionaries({}, optional={"recreate": st.booleans(), "pull": st.booleans()}),
    stops=st.integers(min_value=0, max_value=9),
    stopped=st.booleans(),
)
def test_applying_the_plan_from_anywhere_leaves_nothing_to_plan(
    configuration: dict[str, object],
    built: bool,
    here: bool,
    source: object,
    options: dict[str, bool],
    stops: int,
    stopped: bool,
) -> None:
    """Cut a run off after any number of steps, begin again, and it ends; and then nothing is due."""
    base = {"build": {"dockerfile": "Dockerfile"}} if built else {"image": "debian:bookworm-slim"}
    if source is IMAGE:
        base = {"image": "debian:bookworm-slim"}
    asked = request(source, allow_host_commands=True, **options)  # type: ignore[arg-type]
    images = ("debian:bookworm-slim",) if here else ()
    world = World({**base, **configuration}, here=images)
    world.observation = _cut_off(asked, world, stops)
    if stopped and world.observation.container and world.observation.container.state == "running":
        ended = msgspec.structs.replace(world.observation.container, state="exited")
        world.observation = msgspec.structs.replace(world.observation, container=ended)

    whole, facts = _whole(asked, world.facts(asked), world)
    assert not whole.more
    assert plan(asked, facts) == msgspec.structs.replace(whole, steps=())

    world.observation = facts.need(_observe(asked), Observation)
    fresh = request(source, allow_host_commands=True, attach=False)  # type: ignore[arg-type]
    again, _ = _whole(fresh, world.facts(fresh), world)
    assert [type(step) for step in again.steps] in ([], [RunInitialize])


def _observe(asked: Request) -> Observe:
    return Observe(container=asked.container, volume=asked.volume if asked.source == GIT else "")


def _cut_off(asked: Request, world: World, stops: int) -> Observation:
    facts = world.facts(asked)
    for _ in range(stops):
        outcome = plan(asked, facts)
        if isinstance(outcome, Ask):
            facts = facts.answered({question: world.answer(question) for question in outcome.questions})
            continue
        if not outcome.steps:
            break
        step = outcome.steps[0]
        facts = learn(asked, facts, step, predicted(asked, facts, step))
        if isinstance(step, PullImage | BuildImage | BuildFeatures):
            world.here = (*world.here, step.reference if isinstance(step, PullImage) else step.spec.tag)
        if isinstance(step, WriteLockfile):
            world.lock = step.text.encode()
    return facts.need(_observe(asked), Observation)


def test_a_cut_off_run_resumes_where_it_was() -> None:
    asked = request(GIT)
    world = World(IMAGE_ONLY)
    facts = world.facts(asked)
    outcome = plan(asked, facts)
    assert isinstance(outcome, Plan)
    for step in outcome.steps[:2]:
        facts = learn(asked, facts, step, predicted(asked, facts, step))
    world.observation = facts.need(_observe(asked), Observation)
    rest = plan(asked, world.facts(asked))
    assert isinstance(rest, Plan)
    assert [type(step) for step in rest.steps][:2] == [CloneSource, StartContainer]
    assert not [step for step in rest.steps if isinstance(step, CreateContainer | RemoveContainer)]
