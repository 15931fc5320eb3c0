"""Names that look like flags of the tools that get them."""

from __future__ import annotations

import pytest

from tests.nasty.conftest import BASE, BUSYBOX, Attempt

FLAG = "--privileged"
REFUSED: dict[str, dict[str, object]] = {
    "image": {"image": FLAG},
    "image with a value": {"image": "--volume=/:/host"},
    "remote user": {"image": BUSYBOX, "remoteUser": FLAG},
    "container user": {"image": BUSYBOX, "containerUser": FLAG},
    "target": {"build": {"dockerfile": "Dockerfile", "target": "--output=type=local,dest=/pwned"}},
    "Dockerfile": {"build": {"dockerfile": "--file=/etc/passwd"}},
    "context": {"build": {"dockerfile": "Dockerfile", "context": "--no-cache"}},
    "service": {"dockerComposeFile": "compose.yaml", "service": FLAG, "workspaceFolder": "/w"},
    "Compose file": {"dockerComposeFile": "--project-directory=/", "service": "app", "workspaceFolder": "/w"},
    "Feature": {"image": BUSYBOX, "features": {FLAG: {}}},
    "published Feature": {"image": BUSYBOX, "features": {"--upload-pack=x/y/z": {}}},
}
FILES = {
    ".devcontainer/Dockerfile": f"FROM {BUSYBOX}\n",
    ".devcontainer/compose.yaml": f"services:\n  app:\n    image: {BUSYBOX}\n    command: sleep 1000\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_takes_a_name_takes_no_flag(name: str, attempt: Attempt) -> None:
    attempt.write(REFUSED[name], FILES)
    attempt.refused(attempt.up(), left="user" in name)


HARMLESS: dict[str, dict[str, object]] = {
    "build argument": {
        "build": {"dockerfile": "Dockerfile", "args": {"--network": "host", "--output=/pwned": "x"}}
    },
    "volume": {"image": BUSYBOX, "mounts": ["type=volume,source=--x,target=/x"]},
    "folder": {"image": BUSYBOX, "workspaceFolder": "--rm", "workspaceMount": ""},
    "hook": {"image": BUSYBOX, "postCreateCommand": ["--privileged", "-c", "touch /pwned"]},
    "shell": {"image": BUSYBOX, "postCreateCommand": "--privileged"},
    "name of a command": {"image": BUSYBOX, "postCreateCommand": {"--user=root; touch /pwned": "true"}},
    "variable": {"image": BUSYBOX, "containerEnv": {"--privileged": "x"}, "remoteEnv": {"-e": "y"}},
    "capability": {"image": BUSYBOX, "capAdd": ["--privileged"]},
    "port": {"image": BUSYBOX, "appPort": ["--privileged"]},
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_flag_in_its_place_is_a_name_or_an_error(name: str, attempt: Attempt) -> None:
    attempt.write(HARMLESS[name], FILES)
    result = attempt.up()
    assert result.code != 70, result.stderr
    if attempt.containers():
        found = attempt.inspected()
        assert found["HostConfig"]["Privileged"] is False
        assert found["HostConfig"]["NetworkMode"] in ("default", "bridge")
        assert attempt.docker("diff", str(found["Id"])).find("/pwned") < 0


def test_a_container_of_that_name_is_not_deleted_by_a_flag(attempt: Attempt) -> None:
    attempt.refused(attempt("delete", "--yes", "--", "--all"))
    attempt.refused(attempt("status", "--", "--help"))


def test_a_user_that_is_a_line_of_passwd(attempt: Attempt) -> None:
    attempt.write({"image": BASE, "remoteUser": "vscode\nevil::0:0::/:/bin/sh"})
    attempt.refused(attempt.up(), left=True)
