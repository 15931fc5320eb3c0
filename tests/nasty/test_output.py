"""JSON for programs is read on terminals too: it has nothing in it that one acts on."""

from __future__ import annotations

import json

import pytest

from tests.nasty.conftest import BUSYBOX, Attempt
from tests.nasty.test_terminal import EVIL, PRINT

JSON = ("--output", "json", "--log-format", "json")


@pytest.mark.parametrize("command", ["config", "plan", "build", "up"])
def test_results(command: str, attempt: Attempt) -> None:
    attempt.write(
        {"image": BUSYBOX, "name": EVIL, "customizations": {EVIL: [EVIL]}, "postCreateCommand": PRINT}
    )
    result = attempt(command, attempt.project, *JSON)
    if result.code == 0:
        json.loads(result.stdout)
    attempt("list", *JSON)
    attempt("status", attempt.project, *JSON)


def test_the_log_of_the_drop_in(attempt: Attempt) -> None:
    attempt.write({"image": BUSYBOX, "name": EVIL, "postCreateCommand": PRINT})
    words = ("--workspace-folder", attempt.project, "--log-format", "json", "--log-level", "trace")
    result = attempt("devcontainer", "up", *words, "--include-merged-configuration")
    assert result.code == 0, result.stderr
    for line in result.stderr.splitlines():
        json.loads(line)
