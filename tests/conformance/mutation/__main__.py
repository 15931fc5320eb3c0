"""`python -m tests.conformance.mutation`: do the tests notice small changes of the specification's code?

Each change of a fixed sample is made in a copy of the code. Then the unit tests of that room run, those of
the changed module first, and where all pass the conformance cases without a container. Writes results.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import msgspec
import yaml

from tests.conformance.mutation.sites import Change, changed, changes

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CODE = ROOT / "src/moorage/devcontainer"
TESTS = ROOT / "tests/unit/devcontainer"
RESULTS = HERE / "results.json"
SEED = 20261121
PATIENCE = 300


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", help="changes whose id contains this; nothing is written")
    parser.add_argument("--units", action="store_true", help="only the unit tests")
    options = parser.parse_args(arguments)
    chosen = sample(options.seed, options.sample)
    if options.only:
        chosen = [one for one in chosen if options.only in one.id]
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="moorage-mutation-") as folder:
        copies = _copies(Path(folder), options.workers)
        if _fails(Path(folder) / "0", [str(TESTS)]):
            print("the tests fail without any change")
            return 1
        survivors = _unnoticed(chosen, copies, _units)
        if not options.units:
            survivors = _unnoticed(survivors, copies, _pure)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} noticed in {time.monotonic() - start:.0f} s")
    if not options.only:
        RESULTS.write_text(_results(options.seed, chosen, survivors))
    return 0


def sample(seed: int, size: int) -> list[Change]:
    """The same ones for one seed and one state of the code."""
    every = [
        change
        for path in sorted(CODE.rglob("*.py"))
        for change in changes(str(path.relative_to(CODE)), path.read_text())
    ]
    return sorted(random.Random(seed).sample(every, size), key=lambda one: (one.file, one.line, one.number))


def equivalent() -> dict[str, str]:
    """Changes that make no difference to anybody, with the reason."""
    path = HERE / "equivalent.yaml"
    return dict(yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def _unnoticed(
    tried: list[Change], copies: Queue[Path], tests: Callable[[Change], list[list[str]]]
) -> list[Change]:
    """Those of `tried` that none of the tests notices."""
    with ThreadPoolExecutor(copies.qsize()) as pool:
        noticed = list(pool.map(lambda change: _noticed(change, copies, tests(change)), tried))
    return [one for one, word in zip(tried, noticed, strict=True) if not word]


def _results(seed: int, chosen: list[Change], survivors: list[Change]) -> str:
    kept = {
        "seed": seed,
        "changes": len(chosen),
        "noticed": len(chosen) - len(survivors),
        "survivors": [{"id": one.id, "code": one.code} for one in survivors],
    }
    return msgspec.json.format(json.dumps(kept, ensure_ascii=False)) + "\n"


def _copies(folder: Path, count: int) -> Queue[Path]:
    queue: Queue[Path] = Queue()
    for number in range(count):
        target = folder / str(number)
        shutil.copytree(ROOT / "src", target, ignore=shutil.ignore_patterns("__pycache__"))
        queue.put(target)
    return queue


def _noticed(change: Change, copies: Queue[Path], rounds: list[list[str]]) -> bool:
    copy = copies.get()
    target = copy / "moorage/devcontainer" / change.file
    original = target.read_text()
    try:
        target.write_text(changed(original, change))
        found = any(_fails(copy, tests) for tests in rounds)
    finally:
        target.write_text(original)
        copies.put(copy)
    print(f"{'noticed' if found else 'survived':9} {change.id}    {change.code}", flush=True)
    return found


def _units(change: Change) -> list[list[str]]:
    """The tests of the changed module, then those of the whole room."""
    folder, _, name = change.file.rpartition("/")
    own = TESTS / folder / f"test_{name}"
    return [*([[str(own)]] if own.exists() else []), [str(TESTS)]]


def _pure(change: Change) -> list[list[str]]:
    """The conformance cases that need no container."""
    return [[str(ROOT / "tests/conformance/test_cases.py"), "-m", "pure", "-n", "2"]]


def _fails(copy: Path, tests: list[str]) -> bool:
    """Whether a test does. What goes on for too long has failed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-qxq",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        *tests,
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / "hypothesis"),
    }
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return process.wait(PATIENCE) != 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
