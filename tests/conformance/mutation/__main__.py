"""`python -m tests.conformance.mutation`: do the tests notice small changes of the specification's code?

Each change of a fixed sample is made in a copy of the code. Then the unit tests of the changed module run,
and on what they do not notice those of the whole room. Writes results.json; of another seed than ours only
the numbers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tests.conformance.mutation.sites import Change, changed, changes
from tests.conformance.mutation.trial import fails, side_by_side

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CODE = ROOT / "src/moorage/devcontainer"
TESTS = ROOT / "tests/unit/devcontainer"
RESULTS = HERE / "results.json"
SEED = 20261121
SIZE = 150


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=SIZE)
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
        if next(side_by_side([lambda copy: fails(copy, [str(TESTS)])], copies))[1]:
            print("the tests fail without any change")
            return 1
        survivors = chosen
        for tests in (_own, _room):
            survivors = _unnoticed(survivors, copies, tests)
            print(f"{len(survivors)} are left", flush=True)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} noticed in {time.monotonic() - start:.0f} s")
    if not options.only:
        RESULTS.write_text(
            msgspec.json.format(json.dumps(_results(options.seed, chosen, survivors), ensure_ascii=False))
            + "\n"
        )
    return 0


def sample(seed: int, size: int) -> list[Change]:
    """The ones whose hashes come first: a change of the code exchanges those of the changed lines only."""
    every = [
        change
        for path in sorted(CODE.rglob("*.py"))
        for change in changes(str(path.relative_to(CODE)), path.read_text())
    ]
    chosen = sorted(every, key=lambda one: hashlib.sha256(f"{seed} {one.id}".encode()).digest())[:size]
    return sorted(chosen, key=lambda one: (one.file, one.line, one.number))


def equivalent() -> dict[str, str]:
    """Changes that make no difference to anybody, with the reason."""
    path = HERE / "equivalent.yaml"
    return dict(yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def _unnoticed(tried: list[Change], copies: list[Path], tests: Callable[[Change], list[str]]) -> list[Change]:
    """Those of `tried` that none of the tests notices, in their order."""
    survivors = []
    tasks = [partial(_noticed, change, tests(change)) for change in tried]
    for number, noticed in side_by_side(tasks, copies):
        change = tried[number]
        print(f"{'noticed' if noticed else 'survived':9} {change.line:4} {change.id}", flush=True)
        survivors += [] if noticed else [number]
    return [tried[number] for number in sorted(survivors)]


def _noticed(change: Change, tests: list[str], copy: Path) -> bool:
    target = copy / "moorage/devcontainer" / change.file
    original = target.read_text()
    target.write_text(changed(original, change))
    try:
        return fails(copy, tests)
    finally:
        target.write_text(original)


def _results(seed: int, chosen: list[Change], survivors: list[Change]) -> dict[str, object]:
    """What is kept. Of a seed that is not ours only the numbers: a sample that no test was written for."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    numbers = {"seed": seed, "changes": len(chosen), "noticed": len(chosen) - len(survivors)}
    others = [one for one in kept.get("others", ()) if one["seed"] != seed]
    if seed != SEED:
        return {**kept, "others": [*others, numbers]}
    return {**numbers, "survivors": [one.id for one in survivors], "others": others}


def _copies(folder: Path, count: int) -> list[Path]:
    copies = [folder / str(number) for number in range(count)]
    for target in copies:
        shutil.copytree(ROOT / "src", target, ignore=shutil.ignore_patterns("__pycache__"))
    return copies


def _own(change: Change) -> list[str]:
    """The tests of the changed module, or of the whole room."""
    folder, _, name = change.file.rpartition("/")
    own = TESTS / folder / f"test_{name}"
    return [str(own if own.exists() else TESTS)]


def _room(change: Change) -> list[str]:
    return [str(TESTS)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
