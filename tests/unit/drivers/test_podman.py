"""What the docker driver does differently for Podman: users, volumes, refusals, its own words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from moorage.drivers.docker import mapping
from moorage.drivers.docker.check import verdict
from moorage.drivers.docker.draft import Machine
from moorage.drivers.docker.mapping import Mapped
from moorage.drivers.docker.reading import as_container, as_facts
from moorage.drivers.docker.render import rendered
from moorage.engine.containers import Inspected
from moorage.engine.info import Component, Info, Version
from moorage.spec.observation import EngineFacts
from moorage.spec.run import Content, Mount, RunSpec, recorded

FACTS = EngineFacts(
    product="podman", version="4.3.1", platform="linux/amd64", cpus=2, memory=1 << 30, rootless=True
)
MACHINE = Machine(environ={}, read=lambda path: "{}")
MAPPED = Mapped(uid=1000, gid=1001, user="0:0")


def _spec(**changes: Any) -> RunSpec:
    fields: dict[str, Any] = {
        "image": "busybox",
        "workspace": "0123456789abcdef",
        "name": "moorage-x",
        "content": Content(kind="bind", source="/src", target="/workspaces/src"),
        "remote_user": "dev",
    }
    return RunSpec(**{**fields, **changes})


def _facts(**changes: Any) -> EngineFacts:
    return msgspec.structs.replace(FACTS, **changes)


def _host(spec: RunSpec, facts: EngineFacts = FACTS) -> Any:
    return rendered(spec, facts, MACHINE, mapped=MAPPED)[0]


def test_the_remote_user_is_this_machine_s_user_inside() -> None:
    body = _host(_spec())
    assert body["HostConfig"]["UsernsMode"] == "keep-id:uid=1000,gid=1001"
    assert body["User"] == "0:0"
    assert _host(_spec(user="dev"))["User"] == "dev"
    assert _host(_spec(extras=("-u", "7")))["User"] == "7"


@pytest.mark.parametrize(
    ("spec", "facts"),
    [
        (_spec(remote_user="root"), FACTS),
        (_spec(remote_user="0:0"), FACTS),
        (_spec(content=Content(kind="clone", target="/w/x", volume="v")), FACTS),
        (_spec(), _facts(rootless=False)),
        (_spec(), _facts(product="docker")),
        (_spec(extras=("--userns=host",)), FACTS),
    ],
)
def test_nobody_is_mapped_where_it_is_not_needed_or_said_otherwise(spec: RunSpec, facts: EngineFacts) -> None:
    assert not mapping.due(spec, facts)
    assert "keep-id" not in str(_host(spec, facts))


def test_an_older_podman_cannot_map() -> None:
    assert "4.3" in verdict(_spec(), _facts(version="3.4.4")).refusals[0]
    assert verdict(_spec(), FACTS).refusals == ()
    assert verdict(_spec(remote_user="root"), _facts(version="3.4.4")).refusals == ()


def test_the_remote_user_alone_makes_no_other_container() -> None:
    assert recorded(_spec()) == recorded(_spec(remote_user="other"))


@pytest.mark.parametrize(
    ("extras", "word"),
    [
        (("--gpus", "all"), "--gpus"),
        (("--device", "nvidia.com/gpu=all"), "CDI"),
        (("--mount", "type=volume,source=x,target=/x,volume-nocopy"), "volume-nocopy"),
        (("--mount", "type=volume,source=x,target=/x,volume-subpath=a"), "volume-subpath"),
        (("--mount", "type=bind,source=/x,target=/x,bind-recursive=disabled"), "bind-recursive"),
        (("--mount", "type=image,source=x,target=/x"), "mounts no images"),
    ],
)
def test_what_its_api_ignores_is_refused(extras: tuple[str, ...], word: str) -> None:
    (refused,) = verdict(_spec(extras=extras), FACTS).refusals
    assert word in refused
    assert verdict(_spec(extras=extras), _facts(product="docker")).refusals == ()


def test_labels_are_switched_off_for_any_mounted_folder() -> None:
    facts = _facts(selinux=True)
    assert _host(_spec(), facts)["HostConfig"]["SecurityOpt"] == ["label=disable"]
    mounted = _spec(content=Content(kind="none"), mounts=(Mount(kind="bind", source="/a", target="/b"),))
    assert _host(mounted, facts)["HostConfig"]["SecurityOpt"] == ["label=disable"]
    assert any("SELinux" in text for text in verdict(mounted, facts).warnings)
    none = _spec(content=Content(kind="none"))
    assert "SecurityOpt" not in _host(none, facts)["HostConfig"]
    own = _spec(security_opt=("label=type:x_t",))
    assert _host(own, facts)["HostConfig"]["SecurityOpt"] == ["label=type:x_t"]


def test_facts_in_podman_s_words() -> None:
    info = Info(
        Rootless=True, SecurityOptions=["name=seccomp,profile=default", "name=selinux,profile=default"]
    )
    version = Version(
        Version="4.3.1",
        Os="linux",
        Arch="amd64",
        Components=[Component(Name="Podman Engine", Version="4.3.1")],
    )
    found = as_facts(info, version, local=False)
    assert (found.product, found.rootless, found.buildkit, found.selinux) == ("podman", True, False, True)


@pytest.mark.parametrize(
    ("said", "state"),
    [("stopped", "exited"), ("configured", "created"), ("initialized", "created"), ("stopping", "running"),
     ("unknown", "dead"), ("running", "running")],
)  # fmt: skip
def test_states_in_docker_s_words(said: str, state: str) -> None:
    found = msgspec.json.decode(f'{{"Id": "x", "State": {{"Status": "{said}"}}}}', type=Inspected)
    assert as_container(found).state == state
