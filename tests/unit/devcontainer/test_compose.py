"""A resolved Compose project as data."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.compose import (
    DEFAULT_FILES,
    NoService,
    Project,
    UnknownService,
    dotenv,
    normal_name,
    parts,
    project_name,
    says_name,
    services_to_run,
)


def name(
    *,
    environment: dict[str, str] | None = None,
    dotenv: dict[str, str] | None = None,
    resolved: str = "",
    named: bool = False,
    files: tuple[str, ...] = ("/src/My Project/.devcontainer/compose.yml",),
) -> str:
    return project_name(
        environment=environment or {},
        dotenv=dotenv or {},
        resolved=resolved,
        named=named,
        folder="/src/My Project",
        files=files,
    )


def test_files_that_compose_finds_by_itself() -> None:
    """The first that is there: https://docs.docker.com/compose/intro/compose-application-model/."""
    assert DEFAULT_FILES == ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def test_the_project_is_named_by_the_environment_then_dotenv_then_the_files_then_the_folder() -> None:
    every = {"environment": {"COMPOSE_PROJECT_NAME": "Env"}, "dotenv": {"COMPOSE_PROJECT_NAME": "dot"}}
    assert name(**every, resolved="file", named=True) == "env"  # type: ignore[arg-type]
    assert name(dotenv={"COMPOSE_PROJECT_NAME": "dot"}, resolved="file") == "dot"
    assert name(resolved="file") == "file"
    assert name() == "myproject_devcontainer"


def test_the_default_name_of_the_devcontainer_folder_counts_only_where_a_file_says_it() -> None:
    assert name(resolved="devcontainer") == "myproject_devcontainer"
    assert name(resolved="devcontainer", named=True) == "devcontainer"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/src/My Project/.devcontainer/compose.yml", "myproject_devcontainer"),
        ("/src/My Project/compose.yml", "myproject"),
        ("/src/My Project/deploy/compose.yml", "deploy"),
        ("/src/My Project/.devcontainer/sub/compose.yml", "sub"),
        ("/elsewhere/.devcontainer/compose.yml", "devcontainer"),
    ],
)
def test_without_a_name_the_place_of_the_first_file_gives_it(file: str, expected: str) -> None:
    assert name(files=(file, "/other/second.yml")) == expected


def test_without_files_the_folder_gives_it() -> None:
    assert name(files=()) == "myproject"


@given(st.text())
def test_a_name_has_nothing_but_what_compose_takes(text: str) -> None:
    assert set(normal_name(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    assert normal_name(normal_name(text)) == normal_name(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: mine\nservices: {}", True),
        ("services:\n  a: {}\nname : x", True),
        ('"name": x', True),
        ("services:\n  name: {image: x}\n", False),
        ("container_name: x", False),
        ("# name: x", False),
    ],
)
def test_a_file_says_the_name_at_its_top_only(text: str, says: bool) -> None:
    assert says_name(text) is says


def test_dotenv_reads_plain_assignments() -> None:
    text = "# c\nA=1\nexport B = two # why\nC='a # b'\nD=\"x\"y\nnothing\nE=\n"
    assert dotenv(text) == {"A": "1", "B": "two", "C": "a # b", "D": "x", "E": ""}


def project(**services: dict[str, object]) -> Project:
    return Project(name="p", files=("/f",), folder="/", active=("on",), resolved={"services": services})


def test_all_services_run_but_those_that_a_profile_or_scale_holds_back() -> None:
    found = project(
        app={"profiles": ["other"]},
        db={},
        on={"profiles": ["on"]},
        off={"profiles": ["off"]},
        none={"scale": 0},
        nothing={"deploy": {"replicas": 0}},
    )
    assert services_to_run(found, "app", None) == ("db", "on", "app")
    assert services_to_run(found, "app", ()) == ("app",)
    assert services_to_run(found, "app", ("off", "app")) == ("off", "app")


def test_a_star_switches_on_every_profile() -> None:
    found = msgspec.structs.replace(project(app={}, off={"profiles": ["off"]}), active=("*",))
    assert services_to_run(found, "app", None) == ("app", "off")


def test_services_that_are_not_there_are_told_with_the_nearest() -> None:
    found = project(application={}, db={})
    with pytest.raises(UnknownService) as caught:
        found.service("aplication")
    assert "application" in caught.value.hint
    with pytest.raises(NoService):
        found.service(None)
    with pytest.raises(UnknownService):
        services_to_run(found, "db", ("dbb",))


def test_a_service_as_either_generation_of_compose_writes_it() -> None:
    new = project(a={"command": ["sleep", "1 2"], "build": {"context": "/a"}, "entrypoint": None}).service(
        "a"
    )
    old = project(a={"command": "sleep '1 2'", "build": "/a"}).service("a")
    assert new.command == old.command == ("sleep", "1 2")
    assert new.build == old.build == {"context": "/a"}
    assert new.entrypoint is None


def test_what_is_empty_and_the_order_of_keys_do_not_count_as_a_change() -> None:
    one = {"services": {"a": {"image": "x", "command": None, "environment": {"A": "1", "B": "2"}}}}
    two = {
        "services": {"a": {"environment": {"B": "2", "A": "1"}, "networks": {"default": None}, "image": "x"}}
    }
    assert parts(one) == parts(
        {"services": {"a": {k: v for k, v in two["services"]["a"].items() if k != "networks"}}}
    )
    assert dict(parts(two)).keys() == {"a.environment", "a.image"}


def test_a_changed_value_changes_one_part_and_is_not_in_it() -> None:
    one = dict(parts({"services": {"a": {"environment": {"P": "secret"}, "image": "x"}}}))
    two = dict(parts({"services": {"a": {"environment": {"P": "other"}, "image": "x"}}}))
    assert one["a.image"] == two["a.image"]
    assert one["a.environment"] != two["a.environment"]
    assert "secret" not in json.dumps(one)
    assert {len(value) for value in one.values()} == {12}  # labels of containers that are there have it


def test_the_name_that_compose_gives_a_volume_does_not_count_as_a_change() -> None:
    one = parts({"volumes": {"data": {"name": "one_data", "driver": "local"}}})
    assert one == parts({"volumes": {"data": {"name": "two_data", "driver": "local"}}})
    assert one != parts({"volumes": {"data": {"name": "one_data", "driver": "other"}}})


@pytest.mark.parametrize("kind", ["networks", "volumes", "configs", "secrets"])
def test_what_services_share_is_a_part_too(kind: str) -> None:
    assert [name for name, _ in parts({kind: {"x": {"external": True}}})] == [f"{kind}.x"]


def test_what_is_in_a_list_counts_and_an_empty_one_does_not() -> None:
    one = dict(parts({"services": {"a": {"command": ["x"], "dns": []}}}))
    two = dict(parts({"services": {"a": {"command": ["y"]}}}))
    assert one.keys() == two.keys() == {"a.command"}
    assert one != two
