from __future__ import annotations

import json
from typing import Any

import pytest

from moorage.devcontainer.configuration import Configuration, NothingToRun, load
from moorage.devcontainer.jsonc import parse
from moorage.devcontainer.mounts import BadMount
from moorage.devcontainer.properties import Build, Gpu, HostRequirements, MountObject, PortAttributes
from moorage.devcontainer.wrong_type import WrongType


def loaded(value: dict[str, Any]) -> Configuration:
    return load(parse(json.dumps(value, indent=2), "devcontainer.json"))


EVERYTHING = {
    "$schema": "https://example.org/schema.json",
    "name": "all of it",
    "image": "debian:12",
    "features": {"ghcr.io/x/y:1": {"version": "1", "on": True}, "./local": "latest"},
    "overrideFeatureInstallOrder": ["ghcr.io/x/y"],
    "secrets": {"TOKEN": {"description": "d", "documentationUrl": "https://example.org"}},
    "forwardPorts": [3000, "db:5432"],
    "portsAttributes": {"3000": {"label": "web", "onAutoForward": "openBrowser", "protocol": "https"}},
    "otherPortsAttributes": {"onAutoForward": "silent", "requireLocalPort": True, "elevateIfNeeded": False},
    "updateRemoteUserUID": False,
    "containerEnv": {"A": "1"},
    "containerUser": "root",
    "remoteUser": "dev",
    "remoteEnv": {"B": "2", "C": None},
    "mounts": ["type=volume,target=/cache", {"type": "bind", "source": "/a", "target": "/b"}],
    "init": True,
    "privileged": False,
    "capAdd": ["SYS_PTRACE"],
    "securityOpt": ["seccomp=unconfined"],
    "initializeCommand": "true",
    "onCreateCommand": ["a", "b"],
    "updateContentCommand": {"one": "x", "two": ["y", "z"]},
    "postCreateCommand": "p",
    "postStartCommand": "q",
    "postAttachCommand": "r",
    "waitFor": "postCreateCommand",
    "userEnvProbe": "loginShell",
    "hostRequirements": {"cpus": 2, "memory": "8gb", "storage": "32gb", "gpu": {"cores": 1, "memory": "1gb"}},
    "customizations": {"vscode": {"extensions": ["x.y"]}},
    "shutdownAction": "none",
    "overrideCommand": True,
    "appPort": [3000, "8080:80"],
    "runArgs": ["--cap-drop=ALL"],
    "workspaceMount": "type=bind,source=/s,target=/t",
    "workspaceFolder": "/t",
}


def test_every_property_of_an_image_configuration() -> None:
    configuration = loaded(EVERYTHING)
    assert configuration.kind == "image"
    assert configuration.schema_url == "https://example.org/schema.json"
    assert configuration.forward_ports == (3000, "db:5432")
    assert configuration.ports_attributes == {
        "3000": PortAttributes(label="web", on_auto_forward="openBrowser", protocol="https")
    }
    assert configuration.update_remote_user_uid is False
    assert configuration.remote_env == {"B": "2", "C": None}
    assert configuration.mounts == (
        "type=volume,target=/cache",
        MountObject(type="bind", source="/a", target="/b"),
    )
    assert configuration.on_create_command == ("a", "b")
    assert configuration.update_content_command == {"one": "x", "two": ("y", "z")}
    assert configuration.host_requirements == HostRequirements(
        cpus=2, memory="8gb", storage="32gb", gpu=Gpu(cores=1, memory="1gb")
    )
    assert configuration.published_ports == (3000, "8080:80")
    assert configuration.features["./local"] == "latest"


def test_build_properties() -> None:
    build = {
        "dockerfile": "Dockerfile",
        "context": "..",
        "args": {"V": "1"},
        "target": "dev",
        "cacheFrom": "x",
        "options": ["--network=host"],
    }
    configuration = loaded({"build": build})
    assert configuration.kind == "dockerfile"
    assert configuration.build == Build(
        dockerfile="Dockerfile",
        context="..",
        args={"V": "1"},
        target="dev",
        cache_from="x",
        options=("--network=host",),
    )
    assert configuration.build.caches == ("x",)


def test_legacy_names_are_read_as_the_new_ones() -> None:
    configuration = loaded({"dockerFile": "Dockerfile", "context": "..", "extensions": ["a.b"]})
    assert configuration.build == Build(dockerfile="Dockerfile", context="..")
    assert configuration.customizations == {"vscode": {"extensions": ["a.b"]}}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"image": "x", "dockerComposeFile": "c.yml"}, "image"),
        ({"image": "x", "dockerFile": "D"}, "dockerfile"),
        ({"dockerComposeFile": ["a", "b"], "service": "app", "runServices": ["db"]}, "compose"),
        ({"dockerComposeFile": [], "service": "app"}, "compose"),
    ],
)
def test_kind(value: dict[str, Any], kind: str) -> None:
    assert loaded(value).kind == kind


@pytest.mark.parametrize("value", [{}, {"image": ""}, {"build": {"context": "."}}])
def test_nothing_to_run(value: dict[str, Any]) -> None:
    with pytest.raises(NothingToRun):
        assert loaded(value).kind


def test_null_is_not_given() -> None:
    assert loaded({"image": None, "features": None, "runArgs": None}) == Configuration()


def test_a_substituted_value_stands_in_for_the_document() -> None:
    document = parse('{"image": "${localEnv:I}"}', "f")
    assert load(document, {"image": "debian"}).image == "debian"


def test_variables_are_accepted_where_a_pattern_holds() -> None:
    value = {"forwardPorts": ["${localEnv:PORT}"], "hostRequirements": {"memory": "${localEnv:M}"}}
    assert loaded(value).forward_ports == ("${localEnv:PORT}",)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"image": 3}, "image must be a string, not 3"),
        (
            {"forwardPorts": [1, 99999]},
            'forwardPorts[1] must be a port number from 0 to 65535, or "host:port", not 99999',
        ),
        (
            {"forwardPorts": ["x y"]},
            'forwardPorts[0] must be a port number from 0 to 65535, or "host:port", not "x y"',
        ),
        ({"forwardPorts": 3000}, "forwardPorts must be a list, not 3000"),
        ({"containerEnv": {"A": "1", "B": 2}}, "containerEnv.B must be a string, not 2"),
        ({"containerEnv": []}, "containerEnv must be an object, not a list"),
        ({"remoteEnv": {"A": True}}, "remoteEnv.A must be a string, not true"),
        ({"init": "yes"}, 'init must be true or false, not "yes"'),
        ({"capAdd": ["A", {}]}, "capAdd[1] must be a string, not an object"),
        ({"postCreateCommand": 3}, "postCreateCommand must be a string, a list of strings, or an object"),
        ({"postCreateCommand": {"a": "x", "b": ["y", 3]}}, "postCreateCommand.b[1] must be a string, not 3"),
        ({"waitFor": "postAttachCommand"}, "waitFor must be one of initializeCommand, onCreateCommand,"),
        ({"userEnvProbe": 1}, "userEnvProbe must be one of none, loginShell"),
        ({"shutdownAction": "stop"}, "shutdownAction must be one of none, stopContainer, stopCompose"),
        (
            {"portsAttributes": {"1": {}, "2": {"onAutoForward": "no"}}},
            "portsAttributes.2.onAutoForward must be one of notify, openBrowser",
        ),
        ({"mounts": [{"type": "bind"}]}, 'mounts[0] needs "target"'),
        ({"mounts": [{"type": "x", "target": "/"}]}, "mounts[0].type must be one of bind, volume, tmpfs"),
        ({"mounts": [1]}, "mounts[0] must be a string such as"),
        ({"hostRequirements": {"cpus": 1.5}}, "hostRequirements.cpus must be a whole number, not 1.5"),
        ({"hostRequirements": {"cpus": -1}}, "hostRequirements.cpus must be a whole number >= 0, not -1"),
        ({"hostRequirements": {"memory": "8 GB"}}, 'hostRequirements.memory must be a size such as "8gb"'),
        ({"hostRequirements": {"gpu": "no"}}, 'hostRequirements.gpu must be true, false, "optional"'),
        ({"build": {"args": {"x": 1}}}, "build.args.x must be a string, not 1"),
        ({"build": "Dockerfile"}, 'build must be an object, not "Dockerfile"'),
        ({"dockerFile": ["D"]}, "dockerFile must be a string, not a list"),
        ({"dockerFile": ["D"], "context": "x"}, "dockerFile must be a string, not a list"),
        ({"dockerFile": "D", "context": ["x"]}, "context must be a string, not a list"),
        ({"extensions": [], "customizations": 3}, "customizations must be an object, not 3"),
        ({"features": ["x"]}, "features must be an object, not a list"),
        ({"appPort": [1.5]}, "appPort[0] must be a whole number or a string, not 1.5"),
        ({"secrets": {"A": "x"}}, 'secrets.A must be an object, not "x"'),
    ],
)
def test_wrong_types_in_plain_words(value: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongType) as caught:
        loaded(value)
    assert said in caught.value.message
    assert caught.value.message.startswith("devcontainer.json:")


def test_wrong_types_with_their_place() -> None:
    document = parse('{\n  "name": "x",\n  "containerEnv": {\n    "A": "1",\n    "B.c": 2\n  }\n}', "d.json")
    with pytest.raises(WrongType) as caught:
        load(document)
    assert caught.value.message.startswith("d.json:5:12: containerEnv.B.c must be a string")
    source, caret = caught.value.evidence
    assert source[caret.index("^")] == "2"


def test_a_mount_that_cannot_be_read_has_its_place() -> None:
    with pytest.raises(BadMount, match=r"^f:2:13: The mount 'source=a' cannot be read: it has no target"):
        load(parse('{\n "mounts": ["source=a"]}', "f"))
