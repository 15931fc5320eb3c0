"""``make test`` and ``make test-full``: all tests, the serial ones in their own pass, one closing line."""

import argparse
import collections
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from scripts.cluster import commands as cluster
from scripts.engines import commands, programs, provision
from scripts.engines.layout import REPOSITORY, Layout

WORKERS = 3
PASSES = (
    ("side by side", "not serial", ["-n", str(WORKERS), "--dist", "worksteal"]),
    ("one by one", "serial", ["-p", "no:xdist"]),
)
NO_TESTS = 5
COUNTS = re.compile(r"(\d+) (passed|failed|error|skipped|xfailed|deselected)s?\b")


def main(arguments: list[str]) -> int:
    """The worst exit code of the passes."""
    parser = argparse.ArgumentParser(prog="python -m scripts.suite", description=__doc__)
    parser.add_argument("--full", action="store_true", help="with the tests that are too long for CI")
    parser.add_argument("--only-full", action="store_true", help="only those: CI has run the others")
    parser.add_argument("--report", type=Path, help="write a summary there")
    options, further = parser.parse_known_args(arguments)
    _heed_signals()
    programs.ensure()
    # Before the tests' own time limits run. What cannot be had here fails its tests in CI, else skips them.
    commands.main(["up", "all"])
    cluster.main(["up"])
    start = time.monotonic()
    totals: collections.Counter[str] = collections.Counter()
    slowest: list[str] = []
    code = 0
    only, full = (" and full" if options.only_full else ""), options.full or options.only_full
    for title, marker, flags in PASSES:
        print(f"== tests {title}", flush=True)
        result, lines = _pytest([*flags, "-m", marker + only, *(["--full"] if full else []), *further])
        code = max(code, 0 if result == NO_TESTS else result)
        totals.update(_counts(lines[-1] if lines else ""))
        slowest += [line for line in lines if re.match(r"\d+\.\d+s (call|setup|teardown)", line)]
    _remove_built_images()
    seconds = time.monotonic() - start
    closing = ", ".join(
        f"{totals[word]} {word}" for word in ("failed", "passed", "skipped", "error") if totals[word]
    )
    if options.report:
        _report(options.report, closing, seconds, slowest, only_full=options.only_full)
    print(f"===== {closing or 'no tests ran'} in {seconds:.2f}s =====", flush=True)
    return code if totals["passed"] else code or NO_TESTS


def _pytest(flags: list[str]) -> tuple[int, list[str]]:
    """Exit code and lines of one run, shown as they come."""
    # A hung event loop survives a signal: the thread method ends its worker, and xdist names the test.
    method = ["--timeout", "240", "--timeout-method", "thread"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rfEs",
        "--import-mode=importlib",
        "--durations=15",
        *method,
        *flags,
    ]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line.rstrip())
    return process.wait(), lines


def _heed_signals() -> None:
    """Tests about signals must not inherit that nohup or a shell's background job ignores some."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def _counts(closing: str) -> dict[str, int]:
    return {word: int(number) for number, word in COUNTS.findall(closing)}


def _remove_built_images() -> None:
    """What tests built stays in our own engines' stores otherwise, run after run."""
    found = provision.describe(Layout.from_environment())
    for key in ("engine", "old_engine"):
        entry = found[key]
        if not isinstance(entry, dict) or not entry["ours"]:
            continue
        docker = ["docker", "--host", entry["host"]]
        listing = [*docker, "image", "ls", "--quiet", "--filter", "label=dev.moorage.image-inputs"]
        images = subprocess.run(listing, capture_output=True, text=True).stdout.split()
        if images:
            subprocess.run([*docker, "image", "rm", "--force", *sorted(set(images))], capture_output=True)


def _report(target: Path, closing: str, seconds: float, slowest: list[str], *, only_full: bool) -> None:
    found = provision.describe(Layout.from_environment())
    versions = [
        str(entry["version"]) for entry in (found["engine"], found["old_engine"]) if isinstance(entry, dict)
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True
    )
    ranked = sorted(slowest, key=lambda line: -float(line.split("s", 1)[0]))[:20]
    what = "What is too long for CI; CI runs the others." if only_full else "`make test-full` wrote this."
    target.write_text(
        f"# Last full run of the tests\n\n"
        f"{what}\n\n"
        f"- {closing} in {seconds:.0f} s\n"
        f"- on {time.strftime('%Y-%m-%d', time.gmtime())}, commit {commit.stdout.strip()}\n"
        f"- Docker {', '.join(versions)}; Python {platform.python_version()}; {platform.system()} "
        f"{platform.release()}\n\n"
        f"Slowest:\n\n" + "".join(f"    {line}\n" for line in ranked)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
