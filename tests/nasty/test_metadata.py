"""Metadata of Features and images that would be an instruction, a flag or a command of their own."""

from __future__ import annotations

import json

import pytest

from tests.nasty.conftest import BUSYBOX, Attempt

LINE = "\nRUN touch /pwned\n"
FEATURES: dict[str, dict[str, object]] = {
    "version": {"version": f"1.0.0{LINE}"},
    "name": {"name": f'x"{LINE}LABEL y="$(touch /pwned)`touch /pwned`'},
    "description": {"description": f"'; touch /pwned; '{LINE}\x1b[2J\u202e"},
    "documentation": {"documentationURL": "https://x/'; touch /pwned #"},
    "value of a variable": {"containerEnv": {"X": f'a"{LINE}ENV Y="$(touch /pwned)'}},
    "name of a variable": {"containerEnv": {f"X=1{LINE}ENV Y": "a"}},
    "variable with an equals sign": {"containerEnv": {"A=B": "x"}},
    "entrypoint": {"entrypoint": f"/bin/true; touch /pwned-by-entrypoint{LINE}"},
    "mount": {"mounts": [f"type=volume,source=x,target=/x{LINE}"]},
    "mount of more than one": {
        "mounts": [{"type": "volume", "source": "x,type=bind,source=/", "target": "/host"}]
    },
    "capability": {"capAdd": ["SYS_PTRACE --privileged", f"X{LINE}"]},
    "security": {"securityOpt": [f"label=disable{LINE}", "--privileged"]},
    "customizations": {"customizations": {"x": f"'\"{LINE}\\ $(touch /pwned)"}},
    "hook": {"postCreateCommand": {f"a; touch /pwned{LINE}": ["true", "; touch /pwned"]}},
    "default of an option": {"options": {"a": {"type": "string", "default": f"'; touch /pwned; '{LINE}"}}},
    "options without end": {
        "options": {f"o{n}": {"type": "string", "default": "x" * 100} for n in range(2000)}
    },
}


@pytest.mark.parametrize("name", FEATURES)
def test_what_a_feature_says_of_itself(name: str, attempt: Attempt) -> None:
    attempt.feature("evil", FEATURES[name])
    attempt.write({"image": BUSYBOX, "features": {"./evil": {}}})
    result = attempt.up()
    assert result.code != 70, result.stderr
    assert "Traceback" not in result.stderr
    if not attempt.containers():
        attempt.refused(result)
        return
    assert attempt.inside("sh", "-c", "ls -d /pwned 2>/dev/null || true") == ""
    found = attempt.inspected()
    assert found["HostConfig"]["Privileged"] is False
    assert not [each for each in found["Mounts"] if each["Source"] == "/"]


@pytest.mark.parametrize(
    "id", ["../../pwned", "a/../../../pwned", "--privileged", "x\ny", "$(touch pwned)", "", "."]
)
def test_an_id_that_is_something_else(id: str, attempt: Attempt) -> None:
    attempt.feature(id, {}, folder="evil")
    attempt.write({"image": BUSYBOX, "features": {"./evil": {}}})
    result = attempt("build", attempt.project)
    assert result.code != 70, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "reference",
    [
        "./../../outside",
        "../outside",
        "./evil/../../../outside",
        "/etc",
        "./evil\n",
        "./evil\x00",
        "file:///etc/passwd",
    ],
)
def test_a_reference_that_leaves_the_project(reference: str, attempt: Attempt) -> None:
    (attempt.project / ".devcontainer").mkdir()
    attempt.write({"image": BUSYBOX, "features": {reference: {}}})
    attempt.refused(attempt.up())


def test_a_folder_of_a_feature_that_is_a_link_out(attempt: Attempt) -> None:
    attempt.write({"image": BUSYBOX, "features": {"./evil": {}}})
    (attempt.project / ".devcontainer/evil").symlink_to(attempt.outside)
    attempt.refused(attempt.up())


def test_a_file_of_a_feature_that_is_a_link_out(attempt: Attempt) -> None:
    attempt.feature("evil", {}, "#!/bin/sh\ncat stolen > /stolen 2>/dev/null; true\n")
    (attempt.project / ".devcontainer/evil/stolen").symlink_to(attempt.outside / "secret")
    attempt.write({"image": BUSYBOX, "features": {"./evil": {}}})
    if attempt.up().code == 0:
        assert "secret of this machine" not in attempt.inside("cat", "/stolen")


def test_the_label_of_an_image(attempt: Attempt) -> None:
    entries = [
        {
            "entrypoint": "touch /entry; --x",
            "privileged": "yes",
            "mounts": ["type=bind,source=/,target=/host,x\ny"],
        },
        {"postCreateCommand": ["--privileged"], "remoteUser": "root\n", "containerEnv": {"A=B": "C\x00"}},
    ]
    tag = f"moorage-nasty-label:{attempt.top.name[:40].lower().strip('_-')}"
    label = json.dumps(json.dumps(entries)).replace("$", "\\$")
    attempt.docker(
        "build", "--quiet", "--tag", tag, "-", stdin=f"FROM {BUSYBOX}\nLABEL devcontainer.metadata={label}\n"
    )
    try:
        attempt.write({"image": tag})
        result = attempt.up()
        assert result.code != 70, result.stderr
        if attempt.containers():
            assert attempt.inspected()["HostConfig"]["Privileged"] is False
    finally:
        attempt.close()
        attempt.docker("image", "rm", "--force", tag)
