"""What a Compose configuration adds to the plan."""

from __future__ import annotations

import pytest

from moorage.devcontainer.compose import NoService, UnknownService
from moorage.planner.errors import BuildUnsupported, RunArgsUnsupported
from moorage.planner.learning import forecast
from moorage.planner.plan import Plan, plan
from moorage.planner.steps import BuildImage, CreateStack, StartStack
from moorage.spec.build import BuildSecret
from moorage.spec.observation import Container, Journal, Observation
from moorage.spec.run import differences, recorded

from .situations import World, request

CONFIGURATION: dict[str, object] = {
    "dockerComposeFile": ["../compose.yml", "extend.yml"],
    "service": "app",
    "workspaceFolder": "/work",
}
PROJECT: dict[str, object] = {
    "name": "project",
    "services": {
        "app": {"image": "debian:bookworm-slim", "user": "dev", "environment": {"TOKEN": "secret"}},
        "db": {"image": "postgres:16", "build": {"context": "/home/ada/project/db"}},
    },
    "volumes": {"data": {"name": "project_data"}},
}


def world(said: dict[str, object] | None = None, **configuration: object) -> World:
    services = dict(PROJECT["services"])  # type: ignore[call-overload]
    services["app"] = {**services["app"], **(said or {})}
    return World({**CONFIGURATION, **configuration}, project={**PROJECT, "services": services})


def planned(world: World, **options: object) -> Plan:
    asked = request(**options)  # type: ignore[arg-type]
    found = plan(asked, world.facts(asked))
    assert isinstance(found, Plan)
    return found


def created(world: World) -> CreateStack:
    step = planned(world).steps[-1]
    assert isinstance(step, CreateStack)
    return step


def test_run_arguments_from_outside_are_refused() -> None:
    with pytest.raises(RunArgsUnsupported):
        planned(world(), run_args=("--memory=1g",))


def test_a_user_gets_its_ids_before_anything_is_started() -> None:
    steps = forecast(request(), world().facts(request())).plan.steps
    assert [type(step).__name__ for step in steps] == ["CreateStack", "PrepareContainer", "StartStack"]
    assert isinstance(steps[-1], StartStack)
    assert steps[-1].container == "project-app-1"


def test_where_no_ids_change_compose_makes_and_starts_all_in_one_run() -> None:
    here = world(updateRemoteUserUID=False)
    steps = forecast(request(), here.facts(request())).plan.steps
    assert [type(step).__name__ for step in steps] == ["CreateStack", "PrepareContainer"]
    assert isinstance(steps[0], CreateStack)
    assert steps[0].start


def test_the_stack_says_where_its_files_are_and_what_runs_and_what_is_built() -> None:
    stack = created(world()).stack
    assert stack.files == ("/home/ada/project/compose.yml", "/home/ada/project/.devcontainer/extend.yml")
    assert (stack.folder, stack.project, stack.service) == ("/home/ada/project", "project", "app")
    assert stack.services == ("app", "db")
    assert stack.builds == ("db",)


def test_run_services_are_those_named_and_ours() -> None:
    assert created(world(runServices=["db"])).stack.services == ("db", "app")
    assert created(world(runServices=[])).stack.services == ("app",)


def test_run_args_and_ports_are_the_files_business_and_the_command_stays() -> None:
    spec = created(world(runArgs=["--rm"], appPort=3000)).spec
    assert (spec.extras, spec.ports, spec.override_command) == ((), (), False)
    assert created(world(overrideCommand=True)).spec.override_command
    assert spec.content.kind == "none"


def test_the_service_decides_the_user_unless_the_configuration_does() -> None:
    found = planned(world()).wanted
    assert found is not None
    assert (found.remote_user, found.spec.user, found.folder) == ("dev", "", "/work")
    other = planned(world(containerUser="ada")).wanted
    assert other is not None
    assert (other.remote_user, other.spec.user) == ("ada", "ada")


def test_a_build_goes_the_way_of_every_build() -> None:
    build = {
        "context": "/home/ada/project/app",
        "dockerfile": "Dockerfile.dev",
        "args": {"BASE": "debian:bookworm-slim", "UNSET": None},
        "target": None,
        "network": "host",
        "extra_hosts": {"registry.local": "10.0.0.1"},
        "labels": {"team": "a"},
        "secrets": [{"source": "npmrc"}, {"source": "token", "target": "TOKEN"}],
        "ssh": ["default"],
        "no_cache": False,
    }
    here = world({"build": build})
    here.project["secrets"] = {
        "npmrc": {"file": "/home/ada/.npmrc"},
        "token": {"environment": "TOKEN"},
    }
    step = planned(here).steps[-1]
    assert isinstance(step, BuildImage)
    assert step.spec.dockerfile_name == "/home/ada/project/app/Dockerfile.dev"
    assert step.spec.args == (("BASE", "debian:bookworm-slim"),)
    assert step.spec.options == ("--network=host", "--add-host=registry.local:10.0.0.1", "--label=team=a")
    assert step.spec.secrets == (
        BuildSecret(id="npmrc", file="/home/ada/.npmrc"),
        BuildSecret(id="TOKEN", variable="TOKEN"),
    )
    assert step.spec.ssh == ("default",)


@pytest.mark.parametrize(
    "build", [{"context": "https://example.com/a.git"}, {"context": "/a", "privileged": True}]
)
def test_what_a_build_of_ours_cannot_do_is_refused_by_name(build: dict[str, object]) -> None:
    with pytest.raises(BuildUnsupported):
        planned(world({"build": build}))


def test_a_service_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownService) as caught:
        planned(world(service="ap"))
    assert "app, db" in caught.value.evidence[0]
    with pytest.raises(NoService):
        planned(world(service=None))


def running(spec_of: World, *beside: tuple[str, str], state: str = "running") -> Observation:
    step = created(spec_of)
    container = Container(
        id="c1",
        name="project-app-1",
        state=state,  # type: ignore[arg-type]
        image=step.spec.image,
        image_id="i1",
        started_at="2026-01-01T00:00:00Z",
        labels={**dict(step.spec.labels), "dev.moorage.spec": recorded(step.spec)},
    )
    return Observation(container=container, journal=Journal(prepared=True), beside=(("app", state), *beside))


def test_an_unchanged_stack_needs_nothing() -> None:
    here = world()
    here.observation = running(world(), ("db", "running"))
    found = planned(here)
    assert (found.steps, found.differences) == ((), ())


@pytest.mark.parametrize("beside", [(), (("db", "created"),)])
def test_what_a_killed_up_left_out_is_made_good(beside: tuple[tuple[str, str], ...]) -> None:
    here = world()
    here.observation = running(world(), *beside)
    assert [type(step).__name__ for step in planned(here).steps] == ["StartStack"]


def test_a_service_that_has_ended_is_left_alone_while_ours_runs() -> None:
    here = world()
    here.observation = running(world(), ("db", "exited"))
    assert planned(here).steps == ()


def test_a_stopped_stack_is_started_as_a_whole() -> None:
    here = world()
    here.observation = running(world(), ("db", "exited"), state="exited")
    assert [type(step).__name__ for step in planned(here).steps] == ["StartStack"]


def test_changed_files_are_told_by_service_and_property_and_values_are_kept_out_of_labels() -> None:
    before = created(world())
    assert "secret" not in recorded(before.spec)
    after = created(world({"environment": {"TOKEN": "other"}, "command": ["sleep", "1"]}))
    found = differences(recorded(before.spec), after.spec)
    assert [each.text for each in found] == ["dockerComposeFile: app.environment changed, app.command added"]
