"""`python -m tests.conformance`: run the cases and write docs/conformance.md.

All of them on the engine under test; with --full on every engine, one after the other; with --on on the named
one. Results of other engines stay as they were. With --table nothing runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence, Set
from pathlib import Path

from tests.conformance.case import ENGINES, Broken, cases
from tests.conformance.report import DOCUMENT, HERE, RESULTS, document, kept, uncovered
from tests.conformance.sentences import sentences


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--full", action="store_true", help="on every engine")
    parser.add_argument("--on", choices=ENGINES, default="docker", help="on this engine")
    parser.add_argument("--table", action="store_true", help="only write the page, from the last results")
    parser.add_argument("-n", dest="workers", default="2")
    options, further = parser.parse_known_args(arguments)
    try:
        current = {one.id for one in cases()}
        missing = [one for one in uncovered(sentences(), cases()) if not one.left]
        engines = () if options.table else ENGINES if options.full else (options.on,)
        code = max((_run(engine, current, options.workers, further) for engine in engines), default=0)
        DOCUMENT.write_text(document(kept()))
    except Broken as error:
        print(error, file=sys.stderr)
        return 2
    for one in missing:
        print(f"no case: {one.id}: {one.text}")
    return code


def _run(engine: str, current: Set[str], workers: str, further: list[str]) -> int:
    """pytest's exit code. The results replace those that were kept for the engine's cases."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "results.json"
        command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist", "worksteal"]
        command += ["--conformance-on", engine, "--conformance-results", str(target), *further]
        code = subprocess.run([*command, str(HERE / "test_cases.py")]).returncode
        fresh = json.loads(target.read_text()) if target.exists() else {}
    merged = {**kept(), **{engine: {**kept().get(engine, {}), **of} for engine, of in fresh.items()}}
    clean = {engine: {id: of[id] for id in sorted(of) if id in current} for engine, of in merged.items()}
    RESULTS.write_text(json.dumps(clean, indent=1, sort_keys=True) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
