"""`up` killed with SIGKILL anywhere; the next `up` ends where an undisturbed one does (design promise 3)."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.api import Api
from tests.faults.endstate import EndState, containers_of, end_state, temporary_folder
from tests.faults.examples import Example, dockerfile_example, each_once, image_example
from tests.faults.interruption import Interrupted, Victim, kill_after_event, kill_after_time, left_running
from tests.outside import Cli, Images, Traces

KINDS = ("image", "dockerfile")
VICTIMS: tuple[Victim, ...] = ("client", "group")
SHARES = 4
"""Events are shared out among so many tests, which run side by side."""

RANDOM_TIMES = 100
CI_TIMES = 3
"""Random times for each kind and victim in CI; the others only with --full."""

KNOWN: dict[str, tuple[EndState, float]] = {}

Kill = Callable[..., Interrupted]
"""Called with a mark and the arguments of the command."""


class Laboratory:
    """Makes fresh examples, lets them be interrupted, and compares what is there in the end."""

    def __init__(self, cli: Cli, images: Images, cleanup: Traces, folder: Path) -> None:
        self.cli, self.images, self.cleanup, self.folder = cli, images, cleanup, folder
        self.api = Api(cleanup.docker.host)
        self.count = 0
        temporary_folder(cli)

    def example(self, kind: str) -> Example:
        self.count += 1
        place = self.folder / f"{kind}{self.count}"
        if kind == "image":
            return image_example(place, self.images.busybox)
        return dockerfile_example(place, self.images.busybox, f"{self.cleanup.token}-{self.count}")

    def undisturbed(self, kind: str) -> tuple[EndState, float]:
        """The end state that counts, and how long it takes to get there; found out once a worker."""
        if kind not in KNOWN:
            KNOWN[kind] = self._undisturbed(kind)
        return KNOWN[kind]

    def _undisturbed(self, kind: str) -> tuple[EndState, float]:
        example = self.example(kind)
        run = kill_after_event(self.cli, "client", 10**6, self.cleanup.token, "up", example.folder)
        assert run.code == 0
        state = self.at_rest(example, lambda state: not any(map(_passes, state.processes)))
        assert state.hooks == each_once()
        assert state.containers == ("running",)
        self.forget(example)
        return state, run.seconds

    def interrupted(self, kind: str, expected: EndState, kill: Kill) -> Interrupted:
        """One run cut off, the next finishing it: the state is as `expected`, and a third does nothing."""
        example = self.example(kind)
        mark = f"{self.cleanup.token}-{self.count}"
        run = kill(mark, "up", example.folder)
        assert left_running(mark) == []
        self.cli.ok("up", example.folder, "--output", "json")
        assert self.at_rest(example, lambda state: state == expected) == expected
        again = self.cli.ok("up", example.folder, "--output", "json").json()
        assert isinstance(again, dict)
        assert again["steps"] == []
        self.forget(example)
        return run

    def at_rest(self, example: Example, enough: Callable[[EndState], bool]) -> EndState:
        """The state, looked at for a while: after the hooks the runner asks the user's shell once more."""
        deadline = time.monotonic() + 5
        while True:
            state = end_state(self.api, self.cli, example.folder, example.token)
            if enough(state) or time.monotonic() > deadline:
                return state
            time.sleep(0.1)

    def forget(self, example: Example) -> None:
        for container in containers_of(self.api, example.folder):
            self.api.remove(container["Id"])
        shutil.rmtree(example.folder)


@pytest.fixture
def laboratory(moorage: Cli, images: Images, cleanup: Traces, tmp_path: Path) -> Laboratory:
    return Laboratory(moorage, images, cleanup, tmp_path)


def _every_event(laboratory: Laboratory, kind: str, victim: Victim, first: int, step: int) -> int:
    """Kill after event `first`, `first + step`, … of a fresh run each, until a run has no such event."""
    expected, _ = laboratory.undisturbed(kind)
    number = first
    while True:
        run = laboratory.interrupted(
            kind,
            expected,
            partial(kill_after_event, laboratory.cli, victim, number),
        )
        if len(run.events) < number:
            assert run.code == 0
            return number
        number += step


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("victim", VICTIMS)
def test_image_after_each_event(laboratory: Laboratory, victim: Victim, share: int) -> None:
    assert _every_event(laboratory, "image", victim, 1 + share, SHARES) > 10


@pytest.mark.parametrize(("first", "step"), [(2, 7), (5, 7)])
@pytest.mark.parametrize("victim", VICTIMS)
def test_dockerfile_after_some_events(laboratory: Laboratory, victim: Victim, first: int, step: int) -> None:
    assert _every_event(laboratory, "dockerfile", victim, first, step) > 10


@pytest.mark.full
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("victim", VICTIMS)
def test_dockerfile_after_each_event(laboratory: Laboratory, victim: Victim, share: int) -> None:
    assert _every_event(laboratory, "dockerfile", victim, 1 + share, SHARES) > 10


def _at_random_times(laboratory: Laboratory, kind: str, victim: Victim, times: range) -> None:
    expected, seconds = laboratory.undisturbed(kind)
    for number in times:
        moment = random.Random(f"{kind} {victim} {number}").uniform(0, seconds)
        laboratory.interrupted(
            kind,
            expected,
            partial(kill_after_time, laboratory.cli, victim, moment),
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("victim", VICTIMS)
def test_at_some_random_times(laboratory: Laboratory, kind: str, victim: Victim) -> None:
    _at_random_times(laboratory, kind, victim, range(CI_TIMES))


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, RANDOM_TIMES, 10))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("victim", VICTIMS)
def test_at_random_times(laboratory: Laboratory, kind: str, victim: Victim, start: int) -> None:
    _at_random_times(laboratory, kind, victim, range(start, start + 10))


def _passes(process: str) -> bool:
    """The runner, or what has just ended and was not waited for yet (ps puts its name in brackets)."""
    return "runner.sh" in process or process.startswith("[")
