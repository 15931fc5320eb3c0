"""State lives with the engine and in the container, not on this machine, nor in one client (promise 2)."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.must_hold.attempt import failure
from tests.outside import Cli, Docker, Images, Traces

LOG = "/hooks.log"


def note(word: str) -> str:
    return f"echo {word} >> {LOG}"


def noted(docker: Docker, cleanup: Traces) -> list[str]:
    return docker.lines("exec", cleanup.containers()[0], "cat", LOG)


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / ".devcontainer/devcontainer.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_without_any_local_state(
    moorage: Cli, images: Images, docker: Docker, cleanup: Traces, workspace: Callable[..., Path]
) -> None:
    """Every local folder is deleted between all commands."""
    configuration = {"image": images.busybox, "postStartCommand": note("start")}
    folder = workspace(configuration, name=cleanup.token)

    def forgetful(*arguments: str | Path) -> str:
        shutil.rmtree(moorage.home)
        moorage.home.mkdir()
        return moorage.ok(*arguments).stdout

    forgetful("up", folder)
    assert cleanup.token in forgetful("list")
    assert forgetful("exec", cleanup.token, "echo", "by name") == "by name\n"
    assert forgetful("exec", folder, "echo", "by folder") == "by folder\n"
    forgetful("stop", cleanup.token)
    assert "exited" in docker("inspect", "--format", "{{.State.Status}}", *cleanup.containers())
    forgetful("start", cleanup.token)
    assert noted(docker, cleanup) == ["start", "start"]
    forgetful("stop", folder)
    assert forgetful("exec", cleanup.token, "echo", "started") == "started\n"
    forgetful("delete", "--yes", cleanup.token)
    assert cleanup.everything() == []


def test_without_its_folder(
    moorage: Cli, images: Images, docker: Docker, cleanup: Traces, workspace: Callable[..., Path]
) -> None:
    folder = workspace({"image": images.busybox}, name=cleanup.token)
    moorage.ok("up", folder)
    shutil.rmtree(folder)
    assert cleanup.token in moorage.ok("list").stdout
    moorage.ok("stop", cleanup.token)
    moorage.ok("delete", "--yes", folder)
    assert cleanup.everything() == []


def test_failed_hook_is_retried_alone(
    moorage: Cli, images: Images, docker: Docker, cleanup: Traces, workspace: Callable[..., Path]
) -> None:
    folder = workspace(
        {
            "image": images.busybox,
            "onCreateCommand": note("on"),
            "updateContentCommand": note("update"),
            "postCreateCommand": f"{note('post')}; echo the cause; test -e fixed || exit 3",
            "postStartCommand": note("start"),
        }
    )
    result = moorage("up", folder, "--output", "json")
    found = failure(result)
    assert (result.code, found["code"]) == (7, "hook-failed")
    assert "postCreateCommand" in found["message"]
    assert "exit code 3" in found["message"]
    assert "the cause" in found["evidence"]
    assert "the cause" in result.stderr
    assert noted(docker, cleanup) == ["on", "update", "post"]
    again = moorage("up", folder)
    assert again.code == 7
    assert "the cause" in again.stderr
    assert noted(docker, cleanup) == ["on", "update", "post", "post"]
    (folder / "fixed").touch()
    moorage.ok("up", folder)
    expected = ["on", "update", "post", "post", "post", "start"]
    assert noted(docker, cleanup) == expected
    moorage.ok("up", folder)
    assert noted(docker, cleanup) == expected


def test_failed_hook_is_retried_as_it_reads_now(
    moorage: Cli, images: Images, docker: Docker, cleanup: Traces, workspace: Callable[..., Path]
) -> None:
    folder = workspace(
        {"image": images.busybox, "onCreateCommand": note("on"), "postCreateCommand": "exit 3"}
    )
    assert moorage("up", folder).code == 7
    before = cleanup.containers()
    rewrite(folder, postCreateCommand=note("corrected"))
    moorage.ok("up", folder)
    assert cleanup.containers() == before
    assert noted(docker, cleanup) == ["on", "corrected"]
    assert moorage.ok("up", folder, "--output", "json").json()["differences"] == []


def test_edited_hook_that_succeeded_is_told_and_run_only_when_asked(
    moorage: Cli, images: Images, docker: Docker, cleanup: Traces, workspace: Callable[..., Path]
) -> None:
    """Its variables are no edit: what the container itself says is known only once it is there."""
    folder = workspace(
        {
            "image": images.busybox,
            "onCreateCommand": f"{note('on')} # ${{containerEnv:PATH}} ${{localWorkspaceFolder}}",
            "postCreateCommand": {"a": note("a"), "b": note("b")},
        }
    )
    moorage.ok("up", folder)
    assert moorage.ok("up", folder, "--output", "json").json()["differences"] == []
    rewrite(folder, postCreateCommand={"a": note("a"), "b": note("edited")})
    result = moorage.ok("up", folder)
    assert "postCreateCommand [b] is another command than the one that ran" in result.stderr
    assert "--recreate" in result.stderr
    assert sorted(noted(docker, cleanup)) == ["a", "b", "on"]
    moorage.ok("up", folder, "--recreate")
    assert sorted(noted(docker, cleanup)) == ["a", "edited", "on"]
    assert moorage.ok("up", folder, "--output", "json").json()["differences"] == []


def test_failed_command_of_several_is_retried_alone(
    moorage: Cli, images: Images, docker: Docker, cleanup: Traces, workspace: Callable[..., Path]
) -> None:
    folder = workspace(
        {
            "image": images.busybox,
            "postCreateCommand": {
                "good": note("good"),
                "bad": f"while ! grep -q good {LOG}; do sleep 0.05; done; sleep 0.3; test -e fixed",
            },
        }
    )
    result = moorage("up", folder)
    assert result.code == 7
    assert "bad" in result.stderr
    (folder / "fixed").touch()
    moorage.ok("up", folder)
    assert noted(docker, cleanup) == ["good"]


def test_wait_for_returns_early_and_the_rest_goes_on(
    moorage: Cli, images: Images, docker: Docker, cleanup: Traces, workspace: Callable[..., Path]
) -> None:
    """Nothing but the test lets postCreateCommand end, so `up` cannot have waited for it."""
    folder = workspace(
        {
            "image": images.busybox,
            "waitFor": "onCreateCommand",
            "onCreateCommand": note("on"),
            "postCreateCommand": f"echo waiting; while ! test -e go; do sleep 0.05; done; {note('post')}",
        }
    )
    result = moorage.ok("up", folder, "--output", "json").json()
    assert isinstance(result, dict)
    assert result["background"] is True
    assert noted(docker, cleanup) == ["on"]
    assert "waiting" in until(lambda: moorage.ok("logs", folder).stdout, "waiting")
    (folder / "go").touch()
    assert until(lambda: "\n".join(noted(docker, cleanup)), "post") == "on\npost"
    moorage.ok("up", folder)
    assert noted(docker, cleanup) == ["on", "post"]


def until(look: Callable[[], str], wanted: str) -> str:
    deadline = time.monotonic() + 20
    while wanted not in (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
