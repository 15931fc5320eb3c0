"""`python -m tests.conformance`: run the cases and write docs/conformance.md.

With --full on every engine, else on the engine under test; results of other engines stay as they were. With
--table nothing runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.case import Broken, cases
from tests.conformance.report import DOCUMENT, HERE, RESULTS, document, kept, uncovered
from tests.conformance.sentences import sentences


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sample on every other engine too")
    parser.add_argument("--table", action="store_true", help="only write the page, from the last results")
    parser.add_argument("-n", dest="workers", default="2")
    options, further = parser.parse_known_args(arguments)
    try:
        missing = [one for one in uncovered(sentences(), cases()) if not one.left]
        code = 0 if options.table else _run(options.workers, options.full, further)
        DOCUMENT.write_text(document(kept()))
    except Broken as error:
        print(error, file=sys.stderr)
        return 2
    for one in missing:
        print(f"no case: {one.id}: {one.text}")
    return code


def _run(workers: str, full: bool, further: list[str]) -> int:
    """pytest's exit code. The results of the engines that it ran on replace those kept."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "results.json"
        command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--conformance-results", str(target)]
        command += [*(["--full"] if full else []), *further, str(HERE / "test_cases.py")]
        code = subprocess.run(command).returncode
        fresh = json.loads(target.read_text()) if target.exists() else {}
    merged = {**kept(), **{engine: {**kept().get(engine, {}), **of} for engine, of in fresh.items()}}
    current = {one.id for one in cases()}
    clean = {engine: {id: of[id] for id in sorted(of) if id in current} for engine, of in merged.items()}
    RESULTS.write_text(json.dumps(clean, indent=1) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
