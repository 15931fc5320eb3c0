"""`up` on a cluster killed with SIGKILL anywhere; the next `up` ends as an undisturbed one (promise 3)."""

from __future__ import annotations

import random

import pytest

from tests.faults.interruption import Victim
from tests.faults.kubernetes.laboratory import Laboratory

VICTIMS: tuple[Victim, ...] = ("client", "group")
SHARES = 5
"""Events are shared out among so many tests, which run side by side."""

RANDOM_TIMES = 50
CI_TIMES = 3
"""Random times for each victim in CI; all 50 only with --full."""


def _every_event(laboratory: Laboratory, victim: Victim, first: int, step: int) -> int:
    """Kill after event `first`, `first + step`, … of a fresh run each, until a run has no such event."""
    number = first
    while True:
        run = laboratory.after_event(victim, number)
        if len(run.events) < number:
            assert run.code == 0
            return number
        number += step


@pytest.mark.parametrize(("victim", "first", "step"), [("client", 2, 7), ("group", 5, 7)])
def test_after_some_events(laboratory: Laboratory, victim: Victim, first: int, step: int) -> None:
    assert _every_event(laboratory, victim, first, step) > 10


@pytest.mark.full
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("victim", VICTIMS)
def test_after_each_event(laboratory: Laboratory, victim: Victim, share: int) -> None:
    assert _every_event(laboratory, victim, 1 + share, SHARES) > 10


def _at_random_times(laboratory: Laboratory, victim: Victim, times: range) -> None:
    for number in times:
        laboratory.after_time(victim, random.Random(f"{victim} {number}").random())


@pytest.mark.parametrize("victim", VICTIMS)
def test_at_some_random_times(laboratory: Laboratory, victim: Victim) -> None:
    _at_random_times(laboratory, victim, range(CI_TIMES))


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, RANDOM_TIMES, 5))
def test_at_random_times(laboratory: Laboratory, start: int) -> None:
    _at_random_times(laboratory, VICTIMS[start // 5 % 2], range(start, start + 5))
