"""A Compose project whose making is cut off: the next `up` goes on, and `delete` finds all of it."""

from __future__ import annotations

import pytest

from scripts.engines.provision import Engine
from tests.faults.interruption import kill_after_event, left_running
from tests.integration.compose.conftest import Stack
from tests.outside import Cli, Docker, Traces


@pytest.mark.parametrize("event", [3, 6, 8])
def test_the_next_up_goes_on_where_a_killed_one_stopped(
    moorage: Cli, stack: Stack, cleanup: Traces, event: int
) -> None:
    stack.write(postCreateCommand="echo made >> /data/log", services={"last": _after_ours()})
    kill_after_event(moorage, "client", event, cleanup.token, "up", stack.folder)
    assert left_running(cleanup.token) == []
    moorage.ok("up", stack.folder)
    assert stack.states() == {"app": "running", "db": "running", "last": "running"}
    assert moorage.ok("exec", stack.folder, "--", "cat", "/data/log").stdout == "made\n"
    assert moorage.ok("up", stack.folder, "--output", "json").json()["steps"] == []


@pytest.mark.parametrize("event", [4, 7])
def test_delete_finds_what_a_killed_up_has_made(
    moorage: Cli, stack: Stack, cleanup: Traces, event: int
) -> None:
    stack.write()
    kill_after_event(moorage, "group", event, cleanup.token, "up", stack.folder)
    moorage.ok("delete", stack.folder, "--yes")
    assert stack.left() == []
    assert cleanup.containers() + cleanup.volumes() + cleanup.networks() == []


def test_two_ups_at_once_make_one_project(moorage: Cli, stack: Stack) -> None:
    stack.write()
    first, second = moorage.start("up", stack.folder), moorage.start("up", stack.folder)
    ended = [(each.communicate(timeout=200)[1], each.returncode) for each in (first, second)]
    assert [code for _, code in ended] == [0, 0], ended
    assert stack.states() == {"app": "running", "db": "running"}
    assert (
        len(stack.docker.lines("network", "ls", "--quiet", "--filter", f"name={stack.project}_default")) == 1
    )


def test_an_engine_of_old_runs_projects_too(old_moorage: Cli, stack: Stack, old_engine: Engine) -> None:
    old = stack.on(Docker(old_engine.host))
    old.write(containerEnv={"A": "$b"}, postCreateCommand="echo made >> /data/log")
    old_moorage.ok("up", old.folder)
    assert old.states() == {"app": "running", "db": "running"}
    assert (
        old_moorage.ok("exec", old.folder, "--", "sh", "-c", "echo $A; cat /data/log").stdout == "$b\nmade\n"
    )
    old_moorage.ok("stop", old.folder)
    old_moorage.ok("start", old.folder)
    old_moorage.ok("delete", old.folder, "--yes")
    assert old.left() == []


def _after_ours() -> dict[str, object]:
    return {
        "image": "busybox",
        "command": ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"],
        "depends_on": {"app": {"condition": "service_started"}},
    }
