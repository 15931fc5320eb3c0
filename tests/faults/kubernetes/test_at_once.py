"""Five `up`s at once make one workspace; a `delete` in the middle of one leaves nothing."""

from __future__ import annotations

import json
import os

import pytest

from tests.faults.kubernetes.laboratory import Laboratory

HOW_MANY = 5
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
KNOWN = ("-o", f"architecture={MACHINE}")
"""Said, so that no run takes its time to find it out by a pod."""


def test_five_at_once(laboratory: Laboratory) -> None:
    laboratory.options = KNOWN
    person, (expected, _) = laboratory.person, laboratory.undisturbed()
    command = person.words("up", *KNOWN, laboratory.folder, "--output", "json")
    processes = [person.cli.start(*command) for _ in range(HOW_MANY)]
    ended = [(*process.communicate(timeout=150), process.returncode) for process in processes]
    assert [error for _, error, code in ended if code] == []
    results = [json.loads(out) for out, _, _ in ended]
    assert len({result["container_id"] for result in results}) == 1
    assert [result["created"] for result in results].count(True) == 1
    laboratory.ends_as(expected)
    laboratory.forget()


@pytest.mark.parametrize("first", [1, 2, 3])
def test_delete_in_the_middle(laboratory: Laboratory, first: int) -> None:
    """Begun after event `first`, and every third from there: what `up` says is its own affair."""
    number = first
    while _deleted_after_event(laboratory, number):
        number += 3
    assert number > 10


def _deleted_after_event(laboratory: Laboratory, number: int) -> bool:
    """False where `up` has fewer events. A delete that came before anything was there is given again."""
    person = laboratory.person
    up = person.cli.start(*person.words("up", *KNOWN, laboratory.folder), "--log-format", "json")
    assert up.stderr
    seen = sum(1 for _ in zip(range(number), up.stderr, strict=False))
    deleted = person("delete", "--yes", laboratory.folder)
    _, said = up.communicate(timeout=150)
    if up.returncode == 0 and "project  deleted" not in deleted.stdout:
        person.ok("delete", "--yes", laboratory.folder)
    laboratory.nothing_is_left()
    assert "Traceback" not in said + deleted.stderr
    return seen == number
