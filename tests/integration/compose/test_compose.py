"""A workspace that is a service of a Compose project, on a real engine."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.integration.compose.conftest import Stack
from tests.outside import Cli, Docker


def test_up_exec_stop_start_delete_as_one_workspace(moorage: Cli, stack: Stack) -> None:
    stack.write(
        containerEnv={"GREETING": "a$b ${localWorkspaceFolderBasename}"},
        postCreateCommand="echo made >> /data/log",
        postStartCommand="echo started >> /data/log",
    )
    moorage.ok("up", stack.folder)
    assert stack.states() == {"app": "running", "db": "running"}
    inside = moorage.ok("exec", stack.folder, "--", "sh", "-c", 'pwd; echo "$GREETING"; ls .devcontainer')
    assert inside.stdout.splitlines() == [
        "/work", f"a$b {stack.folder.name}", "compose.yml", "devcontainer.json",
    ]  # fmt: skip

    moorage.ok("stop", stack.folder)
    assert stack.states() == {"app": "exited", "db": "exited"}
    moorage.ok("start", stack.folder.name)
    assert stack.states() == {"app": "running", "db": "running"}
    log = moorage.ok("exec", stack.folder, "--", "cat", "/data/log").stdout.split()
    assert log == ["made", "started", "started"]

    assert [each["name"] for each in stack.listed(moorage)] == [stack.folder.name]
    moorage.ok("delete", stack.folder, "--yes")
    assert stack.left() == []
    assert stack.listed(moorage) == []


def test_an_unchanged_up_starts_no_program_and_writes_nothing(
    moorage: Cli, stack: Stack, tmp_path: Path
) -> None:
    stack.write()
    moorage.ok("up", stack.folder)
    before = stack.inspect()["Id"]
    nothing = tmp_path / "empty-path"
    nothing.mkdir()
    warm = moorage.ok("up", stack.folder, "--output", "json", env={"PATH": str(nothing)})
    assert warm.json()["steps"] == []
    assert stack.inspect()["Id"] == before


def test_a_change_is_told_and_applied_only_when_asked(moorage: Cli, stack: Stack) -> None:
    stack.write()
    moorage.ok("up", stack.folder)
    first = stack.inspect()["Id"], stack.inspect("db")["Id"]
    stack.write({"environment": {"NEW": "1"}}, services={"db": {**stack_db(), "environment": {"A": "1"}}})
    told = moorage.ok("up", stack.folder)
    assert "app.environment added" in told.stderr
    assert "db.environment added" in told.stderr
    assert (stack.inspect()["Id"], stack.inspect("db")["Id"]) == first
    moorage.ok("up", stack.folder, "--recreate")
    assert "NEW=1" in stack.inspect()["Config"]["Env"]
    assert "A=1" in stack.inspect("db")["Config"]["Env"]
    assert "changed" not in moorage.ok("up", stack.folder).stderr


def stack_db() -> dict[str, object]:
    from tests.integration.compose.conftest import DB

    return dict(DB)


def test_a_build_has_an_image_key_and_happens_once(moorage: Cli, stack: Stack, docker: Docker) -> None:
    stack.write(
        {
            "image": f"{stack.folder.name}/own:latest",
            "build": {"context": "..", "dockerfile": "Dockerfile", "args": {"WORD": "one$$two"}},
            "command": None,
        },
        overrideCommand=True,
    )
    (stack.folder / "Dockerfile").write_text(
        "FROM debian:bookworm-slim\nARG WORD\nRUN echo $WORD > /word\nCOPY a.txt /a.txt\n"
        'ENTRYPOINT ["/bin/false"]\n'
    )
    (stack.folder / "a.txt").write_text("a")
    moorage.ok("up", stack.folder)
    assert moorage.ok("exec", stack.folder, "--", "cat", "/word", "/a.txt").stdout == "one$two\na"
    image = stack.inspect()["Config"]["Image"]
    assert image.startswith("moorage/")
    (stack.folder / "unread.txt").write_text("not in the image")
    again = moorage.ok("up", stack.folder, "--recreate")
    assert "Build " not in again.stderr
    assert stack.inspect()["Config"]["Image"] == image
    (stack.folder / "a.txt").write_text("b")
    told = moorage.ok("up", stack.folder)
    assert "a.txt" in told.stderr or "changed" in told.stderr
    docker("image", "rm", "--force", image, check=False)


def test_the_services_build_that_is_inline_and_that_of_another_service(moorage: Cli, stack: Stack) -> None:
    stack.write(
        {
            "build": {
                "context": "..",
                "dockerfile_inline": "FROM debian:bookworm-slim\nRUN echo $$((6*7)) > /n\n",
            }
        },
        services={
            "db": {
                **stack_db(),
                "image": None,
                "build": {"context": "..", "dockerfile_inline": "FROM busybox\nRUN echo db > /name\n"},
            }
        },
    )
    moorage.ok("up", stack.folder)
    assert moorage.ok("exec", stack.folder, "--", "cat", "/n").stdout.strip() == "42"
    assert stack.docker("exec", f"{stack.project}-db-1", "cat", "/name") == "db"


def test_run_services_profiles_extends_env_files_and_many_files(moorage: Cli, stack: Stack) -> None:
    busy = {"image": "busybox", "command": ["sleep", "1000000"], "stop_grace_period": "1s"}
    stack.write(
        {
            "env_file": ["app.env"],
            "environment": {"FROM_DOTENV": "${WORD}"},
            "depends_on": None,
            "profiles": ["dev"],
        },
        services={"db": busy, "other": busy, "off": {**busy, "profiles": ["off"]}},
        dockerComposeFile=["compose.yml", "more.yml"],
        runServices=["other"],
    )
    files = stack.folder / ".devcontainer"
    (files / "app.env").write_text("FROM_FILE=file\n")
    (files / ".env").write_text("WORD=dot\n")
    (files / "base.yml").write_text(json.dumps({"services": {"base": {"environment": {"BASE": "1"}}}}))
    (files / "more.yml").write_text(
        json.dumps({"services": {"app": {"extends": {"file": "base.yml", "service": "base"}}}})
    )
    moorage.ok("up", stack.folder)
    assert stack.states() == {"app": "running", "other": "running"}
    environment = stack.inspect()["Config"]["Env"]
    assert {"FROM_FILE=file", "FROM_DOTENV=dot", "BASE=1"} <= set(environment)
    (files / "base.yml").write_text(json.dumps({"services": {"base": {"environment": {"BASE": "2"}}}}))
    assert "app.environment changed" in moorage.ok("up", stack.folder).stderr
    (files / "base.yml").write_text(json.dumps({"services": {"base": {"environment": {"BASE": "1"}}}}))
    assert "changed" not in moorage.ok("up", stack.folder).stderr
    (files / ".env").write_text("WORD=dash\n")
    assert "app.environment changed" in moorage.ok("up", stack.folder).stderr


def test_what_the_configuration_adds_reaches_the_service(moorage: Cli, stack: Stack) -> None:
    stack.write(
        {"user": "0"},
        overrideCommand=True,
        init=True,
        capAdd=["SYS_PTRACE"],
        securityOpt=["seccomp=unconfined"],
        containerUser="nobody",
        remoteUser="root",
        mounts=["type=volume,source=cache,target=/cache", "type=bind,source=/etc,target=/host,readonly"],
    )
    moorage.ok("up", stack.folder)
    found = stack.inspect()
    host = found["HostConfig"]
    assert (found["Config"]["User"], host["Init"], host["CapAdd"]) == ("nobody", True, ["SYS_PTRACE"])
    assert "seccomp=unconfined" in host["SecurityOpt"]
    mounts = {each["Destination"]: each for each in found["Mounts"]}
    assert mounts["/cache"]["Name"] == f"{stack.project}_cache"
    assert not mounts["/host"]["RW"]
    labels = found["Config"]["Labels"]
    assert labels["devcontainer.local_folder"] == str(stack.folder)
    assert json.loads(labels["devcontainer.metadata"])[-1]["overrideCommand"] is True
    assert moorage.ok("exec", stack.folder, "--", "id", "-u").stdout == "0\n"


def test_values_are_in_no_argument_label_or_plan(moorage: Cli, stack: Stack) -> None:
    stack.write(
        {"environment": {"DB_PASSWORD": "hunter2-compose"}},
        containerEnv={"TOKEN": "${localEnv:MY_TOKEN}"},
    )
    env = {"MY_TOKEN": "hunter2-token"}
    plan = moorage.ok("plan", stack.folder, "--objects", env=env)
    assert "TOKEN" in plan.stdout
    assert "hunter2" not in plan.stdout + plan.stderr
    up = moorage.ok("up", stack.folder, env=env)
    assert "hunter2" not in up.stdout + up.stderr
    found = stack.inspect()
    assert "TOKEN=hunter2-token" in found["Config"]["Env"]
    assert "hunter2" not in json.dumps(found["Config"]["Labels"])
    for path in (moorage.home / ".cache").rglob("*"):
        if path.is_file() and b"hunter2" in path.read_bytes():
            assert os.stat(path).st_mode & 0o077 == 0, path


def test_two_workspaces_of_one_project_share_it(moorage: Cli, stack: Stack) -> None:
    stack.write(services={"second": {"image": "debian:bookworm-slim", "command": ["sleep", "infinity"]}})
    other = stack.folder / ".devcontainer/second"
    other.mkdir()
    (other / "devcontainer.json").write_text(
        json.dumps(
            {
                "dockerComposeFile": "../compose.yml",
                "service": "second",
                "workspaceFolder": "/",
                "overrideCommand": True,
            }
        )
    )
    moorage.ok("up", stack.folder)
    moorage.ok("up", stack.folder, "--config", "second")
    db = stack.inspect("db")["Id"]
    assert stack.states() == {"app": "running", "db": "running", "second": "running"}
    found = {each["configuration"]: each["workspace"] for each in _status(moorage, stack)}
    second = found[".devcontainer/second/devcontainer.json"]
    moorage.ok("stop", second)
    assert stack.states() == {"app": "running", "db": "running", "second": "exited"}
    moorage.ok("delete", second, "--yes")
    assert stack.states() == {"app": "running", "db": "running"}
    assert stack.inspect("db")["Id"] == db
    moorage.ok("delete", stack.folder, "--yes")
    assert stack.left() == []


def _status(moorage: Cli, stack: Stack) -> list[dict[str, str]]:
    listed = stack.listed(moorage)
    return [json.loads(moorage.ok("status", each["workspace"], "--output", "json").stdout) for each in listed]


def test_what_compose_says_of_bad_files_is_told(moorage: Cli, stack: Stack) -> None:
    stack.write({"imagee": "x"})
    failed = moorage("up", stack.folder)
    assert failed.code == 3
    assert "imagee" in failed.stderr
    stack.write(service="ap")
    failed = moorage("up", stack.folder)
    assert failed.code == 3
    assert "app, db" in failed.stderr
    assert stack.left() == []


def test_a_dependency_that_is_never_ready_is_named_with_its_log(moorage: Cli, stack: Stack) -> None:
    ill = {"image": "busybox", "command": ["sh", "-c", "echo no-space-left; exit 3"]}
    stack.write({"depends_on": {"db": {"condition": "service_completed_successfully"}}}, services={"db": ill})
    failed = moorage("up", stack.folder)
    assert failed.code == 5
    assert "compose-failed" in failed.stderr or "Compose could not start" in failed.stderr
    assert "no-space-left" in failed.stderr
    stack.write({"depends_on": None})
    moorage.ok("up", stack.folder, "--recreate")
    assert stack.states()["app"] == "running"


def test_without_compose_it_says_what_to_install(moorage: Cli, stack: Stack, tmp_path: Path) -> None:
    stack.write()
    nothing = tmp_path / "empty-path"
    nothing.mkdir()
    failed = moorage("up", stack.folder, env={"PATH": str(nothing), "MOORAGE_NO_PLUGINS": "1"})
    if failed.code == 0:
        return  # the plugin is found where packages put it, without PATH
    assert failed.code == 5
    assert "docker-compose-plugin" in failed.stderr


def test_a_service_that_ends_at_once_is_told_with_what_it_said(moorage: Cli, stack: Stack) -> None:
    stack.write({"command": ["sh", "-c", "echo nothing to serve; exit 4"], "depends_on": None})
    failed = moorage("up", stack.folder)
    assert failed.code == 5
    assert "exit code 4" in failed.stderr
    assert "nothing to serve" in failed.stderr


def test_a_service_of_another_tool_is_replaced_only_when_asked(moorage: Cli, stack: Stack) -> None:
    stack.write({"labels": {"devcontainer.metadata": "[]"}})
    stack.docker(
        "compose", "-p", stack.project, "-f", stack.folder / ".devcontainer/compose.yml", "up", "-d", "app"
    )
    first = stack.inspect()["Id"]
    refused = moorage("up", stack.folder)
    assert (refused.code, stack.inspect()["Id"]) == (9, first)
    assert "--recreate" in refused.stderr
    moorage.ok("up", stack.folder, "--recreate")
    assert stack.inspect()["Id"] != first
