"""A project on a cluster whose `up` is interrupted, finished, and compared with an undisturbed one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.faults.examples import CREATE_HOOKS, each_once
from tests.faults.interruption import Interrupted, Victim, kill_after_event, kill_after_time, left_running
from tests.faults.kubernetes.endstate import HOOKS, EndState, end_state, objects
from tests.integration.kubernetes.person import Person

IMAGE = "busybox:latest"
PATIENCE = 20.0
"""Seconds in which the cluster collects what has no owner any more, and hooks come to their end."""


class Laboratory:
    """One folder and one namespace: the objects of every run have the same names."""

    def __init__(self, person: Person, folder: Path) -> None:
        self.person = person
        self.folder = folder / "project"
        self.temporary = person.cli.home / "tmp"
        self.temporary.mkdir()
        person.cli.env["TMPDIR"] = str(self.temporary)
        write_project(self.folder)
        self.runs = 0
        self.options: tuple[str, ...] = ()
        self._expected: tuple[EndState, float] | None = None

    def undisturbed(self) -> tuple[EndState, float]:
        """The end state that counts, and the seconds until it is reached where the node has the images."""
        if self._expected is None:
            self.person.ok("up", *self.options, self.folder)
            self.forget()
            started = time.monotonic()
            self.person.ok("up", *self.options, self.folder)
            seconds = time.monotonic() - started
            state = self.at_rest(lambda found: "-- processes" in found.inside and _runner_ended(found))
            hooks = state.inside[: state.inside.index("-- journal")]
            assert hooks == each_once(), state.inside
            assert {name.partition("/")[0] for name in state.objects} == {
                "ConfigMap", "Deployment", "PersistentVolumeClaim", "Pod", "ReplicaSet", "Secret",
            }  # fmt: skip
            self.forget()
            self._expected = state, seconds
        return self._expected

    def after_event(self, victim: Victim, number: int) -> Interrupted:
        return self._interrupted(partial(kill_after_event, self.person.cli, victim, number))

    def after_time(self, victim: Victim, share: float) -> Interrupted:
        """Killed when this share of an undisturbed run's time has passed."""
        _, seconds = self.undisturbed()
        return self._interrupted(partial(kill_after_time, self.person.cli, victim, share * seconds))

    def _interrupted(self, kill: Callable[..., Interrupted]) -> Interrupted:
        """One run cut off, the next finishing it, a third doing nothing: the state is the undisturbed one."""
        expected, _ = self.undisturbed()
        self.runs += 1
        mark = f"{self.person.namespace}-{self.runs}"
        run = kill(mark, *self.person.words("up", self.folder))
        assert left_running(mark) == []
        self.person.ok("up", self.folder, "--output", "json")
        self.ends_as(expected)
        assert self.person.ok("up", self.folder, "--output", "json").json()["steps"] == []
        assert list(self.temporary.iterdir()) == []
        self.forget()
        return run

    def ends_as(self, expected: EndState) -> None:
        state = self.at_rest(lambda found: found == expected)
        assert state == expected, expected.unlike(state)

    def at_rest(self, enough: Callable[[EndState], bool]) -> EndState:
        deadline = time.monotonic() + PATIENCE
        while True:
            state = end_state(self.person)
            if enough(state) or time.monotonic() > deadline:
                return state

    def forget(self) -> None:
        self.person.ok("delete", "--yes", self.folder)
        self.nothing_is_left()

    def nothing_is_left(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while (left := objects(self.person.cluster, self.person.namespace)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not left, sorted(left)


def write_project(folder: Path) -> None:
    """Hooks that take a while between their two lines, so that kills fall into the middle of them."""
    commands = {
        name: f"echo begin {name} >> {HOOKS}; sleep 0.15; echo end {name} >> {HOOKS}" for name in CREATE_HOOKS
    }
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / ".devcontainer/devcontainer.json").write_text(json.dumps({"image": IMAGE, **commands}))
    (folder / "content.txt").write_text("content\n" * 10_000)


def _runner_ended(state: EndState) -> bool:
    return not any("runner.sh" in line for line in state.inside)
