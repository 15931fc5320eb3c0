"""`python -m tests.conformance.mutation`: do the tests notice small changes of the specification's code?

Each change of a fixed sample is made in a copy of the code. Then the unit tests of that room run, those of the
changed module first, and where all pass the conformance cases that need no container. Writes results.json.
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
from collections.abc import Sequence
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
    parser.add_argument("--sample", type=int, default=120)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", help="changes whose id contains this; nothing is written")
    options = parser.parse_args(arguments)
    chosen = sample(options.seed, options.sample)
    if options.only:
        chosen = [one for one in chosen if options.only in one.id]
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="moorage-mutation-") as folder:
        copies = _copies(Path(folder), options.workers)
        with ThreadPoolExecutor(options.workers) as pool:
            words = list(pool.map(lambda change: _tried(change, copies), chosen))
    survivors = [one for one, word in zip(chosen, words, strict=True) if word == "survived"]
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


def _tried(change: Change, copies: Queue[Path]) -> str:
    copy = copies.get()
    target = copy / "moorage/devcontainer" / change.file
    original = target.read_text()
    try:
        target.write_text(changed(original, change))
        word = "noticed" if any(_fails(copy, tests) for tests in _rounds(change)) else "survived"
    finally:
        target.write_text(original)
        copies.put(copy)
    print(f"{word:9} {change.id}    {change.code}", flush=True)
    return word


def _rounds(change: Change) -> list[list[str]]:
    folder, _, name = change.file.rpartition("/")
    own = TESTS / folder / f"test_{name}"
    pure = [str(ROOT / "tests/conformance/test_cases.py"), "-m", "pure", "-n", "2"]
    return [*([[str(own)]] if own.exists() else []), [str(TESTS)], pure]


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
