"""One run of tests on one copy of the code, in a forked process that has pytest loaded already."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest

LONGEST = "60"
"""Seconds for one test; what goes on for longer has noticed that something is wrong."""


Task = Callable[[Path], bool]
Answer = tuple[int, bool]


class Quick:
    """Fewer examples of each property: another hundred hardly ever notices more."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        hypothesis.settings.register_profile("quick", max_examples=25, deadline=None, database=None)
        hypothesis.settings.load_profile("quick")


def fails(copy: Path, tests: Sequence[str]) -> bool:
    """Whether a test does. To be called in a process of its own: what is imported stays."""
    sys.path.insert(0, str(copy))
    os.environ["PYTHONPATH"] = str(copy)
    sys.dont_write_bytecode = True
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    flags = [
        "-qx",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        "--timeout",
        LONGEST,
    ]
    return pytest.main([*flags, *tests], plugins=[Quick()]) != 0


def side_by_side(tasks: Iterable[Task], copies: Sequence[Path]) -> Iterator[Answer]:
    """Each task in a process of its own on a free copy, as many at once as there are: number and answer."""
    waiting, running, free = list(enumerate(tasks))[::-1], dict[int, tuple[int, Path]](), list(copies)
    while waiting or running:
        while waiting and free:
            number, task = waiting.pop()
            copy = free.pop()
            running[_started(task, copy)] = (number, copy)
        process, status = os.wait()
        number, copy = running.pop(process)
        free.append(copy)
        yield number, status != 0


def _started(task: Task, copy: Path) -> int:
    """The process id. It ends with 0 where the task says False."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        code = int(task(copy))
    finally:
        os._exit(code)
