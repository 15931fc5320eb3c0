"""What the user's shell makes of the environment: asked once, never waited for twice."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from moorage.events import Notice
from moorage.lifecycle.probe import user_environment
from moorage.spec.observation import Container, Journal
from tests.integration.lifecycle.place import Place, Recorder, stage

INTERACTIVE = "loginInteractiveShell"


def container(place: Place) -> Container:
    return Container(
        id=place.instance,
        name="test",
        state="running",
        image="",
        image_id="",
        environment=place.environment,
    )


def write_shell(place: Place, script: str) -> None:
    """A login shell of the test's own."""
    shell = place.root / "bin/shell"
    shell.write_text(f"#!/bin/sh\n{script}\n")
    shell.chmod(0o755)
    place.environment["SHELL"] = str(shell)


async def test_the_shells_start_up_files_count(place: Place) -> None:
    (place.home / ".bash_profile").write_text(
        "echo noise; echo more >&2; export FROM_PROFILE='a\nb' PATH=/opt/tool:$PATH; read -r nothing\n"
    )
    recorder = Recorder()
    tell = 'echo "$FROM_PROFILE"; echo ":$PATH:" | grep -o :/opt/tool:; echo "${PWD#' + str(place.root) + '}"'
    await place.up(stage("onCreateCommand", tell), probe=INTERACTIVE, reporter=recorder)
    assert recorder.text() == ["a", "b", ":/opt/tool:", ""]


async def test_the_result_is_kept_and_renewed_after_hooks(place: Place) -> None:
    count = place.root / "count"
    write_shell(place, f'echo x >>{count}; export COUNT=$(wc -l <{count}); eval "$2"')
    recorder = Recorder()

    async def asked() -> str:
        found = await user_environment(
            place, container(place), place.journal(), user="", probe=INTERACTIVE, reporter=recorder
        )
        return found.values["COUNT"].strip()

    assert [await asked(), await asked()] == ["1", "1"]
    argv = (
        "/bin/sh",
        "/var/lib/moorage/runner.sh",
        "environment",
        f"/var/lib/moorage/{place.instance}",
        f"/var/log/moorage/{place.instance}",
        INTERACTIVE,
        "10",
        "T",
    )
    process = await place.run(argv)
    said = b"".join([data async for _, data in process.output()])
    assert said.startswith(b"moorage 1\nenvironment cached\n")
    assert said.endswith(b"\0T\n")
    await place.up(stage("onCreateCommand", "true"), probe=INTERACTIVE)
    await place.quiet()
    assert await asked() == "2"
    assert count.read_text().count("x") == 2
    await place.up(stage("postAttachCommand", "true"), probe=INTERACTIVE)
    await place.quiet()
    assert count.read_text().count("x") == 2


@pytest.mark.parametrize("script", ["sleep 60", "trap '' TERM HUP; sleep 60; sleep 60", "exit 3"])
async def test_a_shell_that_hangs_or_fails_is_waited_for_once(place: Place, script: str) -> None:
    write_shell(place, script)
    recorder = Recorder()
    hooks = (stage("postAttachCommand", "echo ran"),)
    begun = time.monotonic()
    await place.up(*hooks, probe=INTERACTIVE, probe_seconds=1, reporter=recorder)
    assert time.monotonic() - begun < 3
    again = time.monotonic()
    await place.up(*hooks, probe=INTERACTIVE, probe_seconds=60, reporter=recorder)
    assert time.monotonic() - again < 1
    warnings = [event for event in recorder.events if isinstance(event, Notice)]
    assert [event.code for event in warnings] == ["user-env-probe"]
    assert recorder.text() == ["ran", "ran"]
    assert place.journal().probes == {INTERACTIVE: {}}
    await place.quiet()


async def test_the_container_environment_stands_in(place: Place) -> None:
    found = await user_environment(
        place,
        container(place),
        Journal(probes={INTERACTIVE: {}}),
        user="",
        probe=INTERACTIVE,
        layers=({"A": "1", "HOME": None},),
        reporter=Recorder(),
    )
    assert found.values["PATH"] == place.environment["PATH"]
    assert found.values["A"] == "1"
    assert found.unset == ("HOME",)
    assert not place.processes


async def test_passwd_names_the_shell_where_the_environment_does_not(place: Place) -> None:
    del place.environment["SHELL"]
    assert Path("/etc/passwd").read_text().startswith("root:")
    found = await user_environment(
        place, container(place), Journal(), user="", probe="loginShell", reporter=Recorder()
    )
    assert found.values["HOME"] == str(place.home)
