"""The drop-in's commands beside the reference's: results, failures, and what they leave."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.compat.beside import DropIn, Reference
from tests.outside import Docker, Traces

BASE = "moorage-test/metadata:latest"
NAMES = ("onCreate", "updateContent", "postCreate", "postStart", "postAttach")
HOOKS = {f"{name}Command": f"echo {name} >> log" for name in NAMES}
Both = tuple[Reference, DropIn]


@pytest.fixture
def both(reference: Reference, dropin: DropIn) -> Both:
    return reference, dropin


def test_how_far_hooks_go(workspace: Callable[..., Path], both: Both) -> None:
    """A whole life of a container, told in the same words, with the same hooks run at each step."""
    calls: list[tuple[str, ...]] = [
        ("up", "--skip-post-create"),
        ("run-user-commands", "--skip-non-blocking-commands"),
        ("run-user-commands", "--prebuild"),
        ("run-user-commands", "--stop-for-personalization"),
        ("run-user-commands", "--skip-post-attach"),
        ("run-user-commands",),
        ("up", "--prebuild"),
        ("up", "--skip-non-blocking-commands"),
        ("up",),
    ]
    lives = [
        life(tool, open_to_all(workspace(HOOKS | {"image": BASE}, name=name)), calls)
        for name, tool in named(both)
    ]
    assert lives[1] == lives[0]
    ran = "onCreate updateContent updateContent postCreate postStart postAttach updateContent postAttach"
    assert lives[0][-1][1] == ran.split()


def test_a_prebuild_and_what_waits(workspace: Callable[..., Path], both: Both) -> None:
    configuration = HOOKS | {"image": BASE, "waitFor": "postCreateCommand"}
    calls: list[tuple[str, ...]] = [("up", "--prebuild"), ("up", "--skip-non-blocking-commands"), ("up",)]
    lives = [
        life(tool, open_to_all(workspace(configuration, name=name)), calls) for name, tool in named(both)
    ]
    assert lives[1] == lives[0]


def test_a_hook_that_fails(workspace: Callable[..., Path], both: Both) -> None:
    for hook in ("onCreateCommand", "postAttachCommand"):
        told = []
        for name, tool in named(both):
            folder = workspace({"image": BASE, hook: "echo said; exit 3"}, name=f"{name}-{hook}")
            result = tool("up", "--workspace-folder", folder)
            assert result.code == 1
            assert "said" in result.stderr
            body = json.loads(result.stdout)
            assert len(body.pop("containerId")) == 64
            told.append(body)
        assert told[1] == told[0]


@pytest.mark.parametrize(
    "words",
    [
        ("up", "--workspace-folder", "nothing"),
        ("up", "--expect-existing-container"),
        ("up", "--config", "other.json"),
        ("build", "--workspace-folder", "nothing"),
        ("build", "--push", "--output", "type=docker"),
        ("build", "--platform", "linux/amd64", "--buildkit", "never"),
        ("run-user-commands",),
        ("exec", "true"),
        ("exec", "--container-id", "no-such-container", "true"),
        ("read-configuration", "--workspace-folder", "nothing"),
        ("outdated", "--workspace-folder", "nothing"),
        ("upgrade", "--workspace-folder", "nothing"),
    ],
    ids=" ".join,
)
def test_a_refusal_is_told_in_the_reference_s_words(
    words: tuple[str, ...], workspace: Callable[..., Path], both: Both
) -> None:
    folder = workspace({"image": BASE}, files={"other.json": "{}"})
    theirs, ours = (tool(*words, cwd=folder) for tool in both)
    assert (ours.code, theirs.code) == (1, 1)
    if not theirs.stdout:
        assert ours.stdout == ""
        return
    said, expected = json.loads(ours.stdout), json.loads(theirs.stdout)
    assert (said["outcome"], said["message"]) == (expected["outcome"], expected["message"])
    assert set(said) == set(expected)


def test_what_flags_bring_into_the_container(
    workspace: Callable[..., Path], dropin: DropIn, docker: Docker, cleanup: Traces, tmp_path: Path
) -> None:
    folder = open_to_all(
        workspace({"image": "moorage-test/devcontainer:latest", "postCreateCommand": "false"})
    )
    (tmp_path / "secrets.json").write_text('{"SECRET": "hush-hush"}')
    (tmp_path / "devcontainer.json").write_text(
        json.dumps(
            {
                "image": BASE,
                "postCreateCommand": "echo $SECRET $FLAG > seen; echo $SECRET",
                "remoteEnv": {"OF_THE_FILE": "1"},
            }
        )
    )
    volume = f"{cleanup.token}-volume"
    result = dropin(
        "up", "--workspace-folder", folder, "--override-config", tmp_path / "devcontainer.json",
        "--mount", f"type=volume,source={volume},target=/mounted,external=true",
        "--remote-env", "FLAG=given", "--remote-env", "EMPTY=", "--secrets-file", tmp_path / "secrets.json",
        "--include-configuration", "--include-merged-configuration", "--omit-config-remote-env-from-metadata",
    )  # fmt: skip
    assert result.code == 0, result.stderr
    body = json.loads(result.stdout)
    assert body["configuration"]["image"] == body["mergedConfiguration"]["image"] == BASE
    assert body["configuration"]["configFilePath"]["path"] == str(folder / ".devcontainer/devcontainer.json")
    assert (folder / "seen").read_text() == "hush-hush given\n"
    assert "hush-hush" not in result.stderr + result.stdout
    container = json.loads(docker("inspect", body["containerId"]))[0]
    assert "OF_THE_FILE" not in container["Config"]["Labels"]["devcontainer.metadata"]
    assert [mount["Name"] for mount in container["Mounts"] if mount["Destination"] == "/mounted"] == [volume]
    assert container["Config"]["Labels"]["devcontainer.config_file"].endswith(
        "/.devcontainer/devcontainer.json"
    )


def test_system_files_stay_as_they_are(
    workspace: Callable[..., Path], dropin: DropIn, docker: Docker
) -> None:
    body = json.loads(dropin("up", "--workspace-folder", workspace({"image": BASE})).stdout)
    changed = {line[2:] for line in docker.lines("diff", body["containerId"])}
    assert not {path for path in changed if path.startswith(("/etc/environment", "/etc/profile"))}


def test_nobody_else_is_asked(workspace: Callable[..., Path], dropin: DropIn) -> None:
    """All that would leave this machine goes to a proxy that counts."""
    folder = workspace({"image": BASE})
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
        env = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "http_proxy": proxy}
        assert dropin("up", "--workspace-folder", folder, env=env).code == 0
        with pytest.raises(TimeoutError):
            server.accept()


def test_an_image_carries_what_the_reference_s_carries(
    workspace: Callable[..., Path], both: Both, docker: Docker, cleanup: Traces
) -> None:
    configurations: list[dict[str, Any]] = [
        {"image": BASE, "postCreateCommand": "x", "remoteEnv": {"A": "${localEnv:HOME}"}},
        {"build": {"dockerfile": "Dockerfile"}, "mounts": ["type=volume,source=b,target=/x"]},
    ]
    for number, configuration in enumerate(configurations):
        labels = []
        for name, tool in named(both):
            folder = workspace(
                configuration,
                name=f"{name}-{number}",
                files={".devcontainer/Dockerfile": f"FROM {BASE}\nUSER vscode\n"},
            )
            images = [f"{cleanup.token}/{name}:{number}", f"{cleanup.token}/{name}-more:{number}"]
            flags = [word for image in images for word in ("--image-name", image)]
            result = tool("build", "--workspace-folder", folder, *flags, "--label", "a=b")
            assert json.loads(result.stdout) == {"outcome": "success", "imageName": images}, result.stderr
            found = [json.loads(docker("inspect", image))[0]["Config"] for image in images]
            assert found[0] == found[1]
            labels.append((json.loads(found[0]["Labels"]["devcontainer.metadata"]), found[0].get("User")))
            if tool is both[1]:
                assert found[0]["Labels"]["a"] == "b"
        assert labels[1] == labels[0]


def test_a_build_goes_to_a_registry_and_into_a_file(
    workspace: Callable[..., Path], dropin: DropIn, docker: Docker, cleanup: Traces, registry: str
) -> None:
    folder = workspace({"image": BASE, "remoteUser": "root"})
    image = f"{registry}/{cleanup.token}/pushed:1"
    pushed = dropin("build", "--workspace-folder", folder, "--image-name", image, "--push")
    assert pushed.code == 0, pushed.stderr
    docker("pull", "--quiet", image)
    label = json.loads(docker("inspect", image))[0]["Config"]["Labels"]["devcontainer.metadata"]
    assert json.loads(label)[-1] == {"remoteUser": "root"}
    written = dropin(
        "build", "--image-name", f"{cleanup.token}:out", "--output", "type=oci,dest=image.tar", cwd=folder
    )
    assert written.code == 0, written.stderr
    assert json.loads(written.stdout)["imageName"] == [f"{cleanup.token}:out"]
    assert (folder / "image.tar").stat().st_size > 1000


def test_a_configuration_is_on_its_container_and_makes_no_image(
    workspace: Callable[..., Path], dropin: DropIn, docker: Docker
) -> None:
    folder = workspace(
        {"build": {"dockerfile": "Dockerfile"}, "remoteUser": "vscode", "postStartCommand": "true"},
        files={".devcontainer/Dockerfile": "FROM moorage-test/devcontainer:latest\nENV MADE=yes\n"},
    )
    up = dropin("up", "--workspace-folder", folder)
    assert up.code == 0, up.stderr
    container = json.loads(docker("inspect", json.loads(up.stdout)["containerId"]))[0]
    assert "postStartCommand" in container["Config"]["Labels"]["devcontainer.metadata"]
    image = json.loads(docker("inspect", container["Image"]))[0]
    assert "devcontainer.metadata" not in image["Config"]["Labels"]
    assert len(image["RootFS"]["Layers"]) == len(layers(docker, "moorage-test/devcontainer:latest"))


def test_an_image_without_a_name_gets_one(workspace: Callable[..., Path], dropin: DropIn) -> None:
    built = dropin("build", workspace({"image": BASE, "remoteUser": "root"}))
    assert re.fullmatch(r"moorage-project-[0-9a-f]{10}:latest", json.loads(built.stdout)["imageName"][0])


def test_any_container_is_set_up(
    workspace: Callable[..., Path], both: Both, docker: Docker, cleanup: Traces
) -> None:
    folder = workspace({"image": BASE, "remoteUser": "vscode", "postCreateCommand": "echo $FLAG >> ~/log"})
    config = folder / ".devcontainer/devcontainer.json"
    bodies = []
    for name, tool in named(both):
        container = docker(
            "run",
            "-d",
            "--name",
            f"{cleanup.token}-{name}",
            "moorage-test/devcontainer:latest",
            "sleep",
            "999",
        )
        flags = ("--container-id", container, "--config", config, "--remote-env", "FLAG=1")
        included = ("--include-configuration", "--include-merged-configuration")
        result = tool("set-up", *flags, *included)
        assert result.code == 0, result.stderr
        bodies.append(json.loads(result.stdout))
        assert tool("set-up", *flags).code == 0
        assert docker("exec", "--user", "vscode", container, "cat", "/home/vscode/log") == "1"
        said = tool("exec", "--container-id", container, "--config", config, "id", "-un")
        assert (said.code, said.stdout) == (0, "vscode\n"), said.stderr
    assert bodies[1] == bodies[0]


def test_exec_starts_what_is_stopped(workspace: Callable[..., Path], dropin: DropIn, docker: Docker) -> None:
    folder = open_to_all(workspace(HOOKS | {"image": BASE}))
    container = json.loads(dropin("up", "--workspace-folder", folder).stdout)["containerId"]
    docker("stop", "--time", "0", container)
    said = dropin("exec", "--workspace-folder", folder, "sh", "-c", "kill -9 $$")
    assert said.code == 137, said.stderr
    assert (folder / "log").read_text().split()[-2:] == ["postAttach", "postStart"]


def test_the_log_as_json(workspace: Callable[..., Path], both: Both) -> None:
    folders = {name: open_to_all(workspace(HOOKS | {"image": BASE}, name=name)) for name, _ in named(both)}
    progress = []
    for name, tool in named(both):
        result = tool(
            "up", "--workspace-folder", folders[name], "--log-format", "json", "--log-level", "trace"
        )
        assert result.code == 0
        records = [json.loads(line) for line in result.stderr.splitlines()]
        assert {"text", "raw", "start", "stop", "progress"} <= {each["type"] for each in records}
        assert all("startTimestamp" in each for each in records if each["type"] == "stop")
        assert all(
            {"level", "timestamp", "text"} <= set(each) for each in records if each["type"] != "progress"
        )
        text = "".join(str(each.get("text")) for each in records)
        assert "Container started" in text
        assert "LifecycleCommandExecutionMap: " in text
        found = [each for each in records if each["type"] == "progress"]
        progress.append([(each["name"], each["status"], each["channel"]) for each in found])
    assert progress[1] == progress[0]


def layers(docker: Docker, image: str) -> list[str]:
    return list(json.loads(docker("inspect", image))[0]["RootFS"]["Layers"])


def named(both: Both) -> list[tuple[str, Any]]:
    return [("theirs", both[0]), ("ours", both[1])]


def life(tool: Any, folder: Path, calls: list[tuple[str, ...]]) -> list[tuple[object, list[str]]]:
    """What each call says of its outcome, and which hooks had run by then."""
    found: list[tuple[object, list[str]]] = []
    for command, *flags in calls:
        result = tool(command, "--workspace-folder", folder, *flags)
        assert result.code == 0, result.stderr
        body = json.loads(result.stdout)
        log = folder / "log"
        ran = log.read_text().split() if log.exists() else []
        found.append((body.get("result", body["outcome"]), ran))
    return found


def open_to_all(folder: Path) -> Path:
    folder.chmod(0o777)
    return folder
