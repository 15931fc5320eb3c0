"""The override for our service, and the order of a project's containers."""

from __future__ import annotations

import json

import msgspec
import pytest

from moorage.drivers.docker.errors import BadRunArgs
from moorage.drivers.docker.stack_order import Member, levels, members, shared
from moorage.drivers.docker.stack_override import escaped, override, shown
from moorage.engine.containers import Summary
from moorage.spec.observation import EngineFacts
from moorage.spec.run import Content, Mount, RunSpec
from moorage.spec.stack import Stack

FACTS = EngineFacts(product="docker", version="29.0", platform="linux/amd64", cpus=1, memory=1)
STACK = Stack(project="p", service="app", services=("app", "db"), files=("/f.yml",), folder="/")


def spec(**given: object) -> RunSpec:
    return RunSpec(
        image="moorage/x:k",
        workspace="w1",
        name="moorage-p-w1",
        content=Content(kind="none"),
        stack=STACK,
        **{"override_command": False, **given},  # type: ignore[arg-type]
    )


def service(found: RunSpec, stack: Stack = STACK, **given: object) -> dict[str, object]:
    body = override(found, stack, FACTS, **given)  # type: ignore[arg-type]
    services = body["services"]
    assert isinstance(services, dict)
    assert list(services) == ["app"]
    return dict(services["app"])


def test_what_is_not_asked_for_stays_as_the_files_say() -> None:
    assert service(spec()).keys() == {"image", "pull_policy", "labels"}


def test_what_is_asked_for_is_said() -> None:
    found = service(
        spec(
            environment=(("A", "$x"),),
            user="dev",
            init=True,
            privileged=True,
            cap_add=("SYS_PTRACE",),
            security_opt=("seccomp=unconfined",),
            labels=(("devcontainer.local_folder", "/a"),),
        )
    )
    assert found["environment"] == {"A": "$x"}
    assert (found["user"], found["init"], found["privileged"]) == ("dev", True, True)
    assert (found["cap_add"], found["security_opt"]) == (["SYS_PTRACE"], ["seccomp=unconfined"])
    labels = found["labels"]
    assert isinstance(labels, dict)
    assert labels["devcontainer.local_folder"] == "/a"
    assert labels["dev.moorage.id"] == "w1"
    assert "$x" not in json.dumps(labels)


def test_a_command_of_ours_takes_the_place_of_theirs() -> None:
    found = service(spec(override_command=True, entrypoints=("/feature.sh",)))
    entrypoint = found["entrypoint"]
    assert isinstance(entrypoint, list)
    assert entrypoint[:2] == ["/bin/sh", "-c"]
    assert entrypoint[3:] == ["moorage", "/feature.sh"]
    assert found["command"] == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, (["/entry"], ["cmd"])),
        ({"command": ("own",)}, (["/entry"], ["own"])),
        ({"entrypoint": ("/own",)}, (["/own"], [])),
        ({"entrypoint": ("/own",), "command": ("own",)}, (["/own"], ["own"])),
        ({"entrypoint": (), "command": ("own",)}, ([], ["own"])),
    ],
)
def test_entrypoints_of_features_run_before_what_there_was(
    said: dict[str, tuple[str, ...]], expected: tuple[list[str], list[str]]
) -> None:
    stack = msgspec.structs.replace(STACK, **said)
    found = service(spec(entrypoints=("/feature.sh",)), stack, image=(("/entry",), ("cmd",)))
    entrypoint = found["entrypoint"]
    assert isinstance(entrypoint, list)
    assert entrypoint[3:] == ["moorage", "/feature.sh", "--", *expected[0]]
    assert found["command"] == expected[1]


def test_mounts_have_the_long_form_and_named_volumes_are_declared() -> None:
    mounts = (
        Mount(kind="volume", source="cache", target="/c"),
        Mount(kind="volume", target="/anonymous"),
        Mount(kind="volume", source="theirs", target="/t", options=(("external", "true"),)),
        Mount(kind="bind", source="/etc", target="/e", read_only=True, options=(("consistency", "cached"),)),
        Mount(kind="tmpfs", target="/tmp/x", options=(("tmpfs-size", "1m"),)),
    )
    body = override(spec(mounts=mounts), STACK, FACTS)
    assert body["volumes"] == {"cache": {}, "theirs": {"external": True}}
    services = body["services"]
    assert isinstance(services, dict)
    assert services["app"]["volumes"] == [
        {"type": "volume", "target": "/c", "source": "cache"},
        {"type": "volume", "target": "/anonymous"},
        {"type": "volume", "target": "/t", "source": "theirs"},
        {"type": "bind", "target": "/e", "source": "/etc", "read_only": True},
        {"type": "tmpfs", "target": "/tmp/x", "tmpfs": {"size": "1m"}},
    ]
    odd = Mount(kind="volume", target="/x", options=(("volume-driver", "nfs"),))
    with pytest.raises(BadRunArgs, match="volume-driver"):
        override(spec(mounts=(odd,)), STACK, FACTS)


def test_a_gpu_is_reserved_where_there_is_one() -> None:
    assert "deploy" not in service(spec(gpu=True))
    assert "nvidia" in json.dumps(override(spec(gpu=True), STACK, msgspec.structs.replace(FACTS, gpu=True)))


def test_dollars_are_doubled_in_values_alone() -> None:
    assert escaped({"a$": ["$x", 1, {"b": "$$"}]}) == {"a$": ["$$x", 1, {"b": "$$$$"}]}


def test_people_see_no_values() -> None:
    found = shown(override(spec(environment=(("A", "secret"),)), STACK, FACTS))
    assert "secret" not in json.dumps(found)
    assert '"A"' in json.dumps(found)


def container(service: str, needs: str = "", *, once: bool = False) -> Summary:
    return Summary(
        Id=f"id-{service}",
        Names=[f"/p-{service}-1"],
        State="running",
        Labels={
            "com.docker.compose.service": service,
            "com.docker.compose.depends_on": needs,
            "com.docker.compose.oneoff": str(once),
        },
    )


def order(*found: Summary) -> list[list[str]]:
    return [[each.service for each in level] for level in levels(members(found))]


def test_a_service_starts_after_those_that_it_needs() -> None:
    assert order(
        container("web", "app:service_started:false"),
        container("app", "db:service_healthy:false,cache:service_started:true,gone:service_started:false"),
        container("db"),
        container("cache"),
    ) == [["db", "cache"], ["app"], ["web"]]


def test_a_circle_ends() -> None:
    circle = container("a", "b:service_started:false"), container("b", "a:service_started:false")
    assert order(*circle) == [["a", "b"]]


def test_conditions_are_read_and_what_ran_for_once_is_left_out() -> None:
    found = members((container("app", "db:service_healthy:false,old"), container("job", once=True)))
    assert [each.service for each in found] == ["app"]
    assert found[0].needs == (("db", "service_healthy"), ("old", "service_started"))


def test_another_workspace_in_the_project_is_seen() -> None:
    mine = Member(id="1", name="a", service="a", state="running", workspace="w1")
    plain = Member(id="2", name="b", service="b", state="running")
    other = Member(id="3", name="c", service="c", state="running", workspace="w2")
    assert not shared((mine, plain), "w1")
    assert shared((mine, plain, other), "w1")
