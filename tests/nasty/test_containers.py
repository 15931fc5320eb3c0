"""Mounts, labels, variables and Compose files that would say more than their field holds."""

from __future__ import annotations

import pytest

from tests.nasty.conftest import BUSYBOX, Attempt

FIELDS: dict[str, dict[str, object]] = {
    "source with a comma": {
        "mounts": [{"type": "volume", "source": "x,type=bind,source=/", "target": "/host"}]
    },
    "target with a comma": {
        "mounts": [{"type": "volume", "source": "x", "target": "/y,type=bind,source=/,dst=/host"}]
    },
    "mount with a line": {"mounts": ["type=volume,source=x,target=/x\n--privileged"]},
    "workspace mount with a line": {
        "workspaceMount": "type=volume,source=x,target=/w\n--volume=/:/host",
        "workspaceFolder": "/w",
    },
    "folder with a line": {"workspaceFolder": "/w\n--volume=/:/host"},
    "label with lines": {"name": "x\n--privileged", "customizations": {"x": "\n\"}]' --privileged"}},
    "variable with an equals sign": {"containerEnv": {"A=B": "x"}, "remoteEnv": {"C=D": "y"}},
    "variable with a line": {"containerEnv": {"A\nB": "x\ny"}, "remoteEnv": {"C\nD": "z\nw"}},
    "variable with NUL": {"containerEnv": {"A": "x\x00y"}, "remoteEnv": {"B": "x\x00y"}},
    "variables of the loader": {
        "remoteEnv": {"LD_PRELOAD": "/pwned.so", "PATH": "", "ENV": "/pwned", "IFS": "/"}
    },
    "hook with NUL": {"postCreateCommand": ["echo", "a\x00b"]},
    "hook with other ends": {"postCreateCommand": "echo ok\n'\nEOF\n)\n}\n\x04"},
    "port": {"appPort": ["127.0.0.1:0:80,--privileged"]},
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_holds_one_thing(name: str, attempt: Attempt) -> None:
    attempt.write({"image": BUSYBOX, **FIELDS[name]})
    result = attempt.up()
    assert result.code != 70, result.stderr
    assert "Traceback" not in result.stderr
    if attempt.containers():
        found = attempt.inspected()
        assert found["HostConfig"]["Privileged"] is False
        assert not [
            each for each in found["Mounts"] if each["Source"] == "/" or each["Destination"] == "/host"
        ]


COMPOSE = {
    "service of blanks and signs": "services:\n  'app; touch /pwned':\n    image: busybox\n",
    "container name": "services:\n  app:\n    image: busybox:latest\n    container_name: --privileged\n",
    "file of another": "include:\n  - ../../outside/secret\nservices:\n  app:\n    image: busybox:latest\n",
    "variables": "services:\n  app:\n    image: ${X:-$(touch /pwned)}\n",
    "no YAML": "\t\x00services: [",
    "anchors that grow": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8))
    + "services:\n  app:\n    image: busybox:latest\n    x-y: *i\n",
}


def test_the_name_of_a_project_is_no_flag(attempt: Attempt) -> None:
    text = f"name: --privileged\nservices:\n  app:\n    image: {BUSYBOX}\n    command: sleep 1000\n"
    attempt.write(
        {"dockerComposeFile": "compose.yaml", "service": "app"}, {".devcontainer/compose.yaml": text}
    )
    result = attempt.up("--timeout", "60")
    if result.code:
        attempt.refused(result)
    else:
        assert attempt.inspected()["HostConfig"]["Privileged"] is False


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file(name: str, attempt: Attempt) -> None:
    attempt.write(
        {"dockerComposeFile": "compose.yaml", "service": "app", "workspaceFolder": "/w"},
        {".devcontainer/compose.yaml": COMPOSE[name]},
    )
    result = attempt.up("--timeout", "10" if name == "anchors that grow" else "60")
    attempt.refused(result)
    assert "the secret of this machine" not in result.stdout + result.stderr
