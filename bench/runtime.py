"""``python -m bench.runtime [--runs N] [--print]``: size and start of the runtime; docs/benchmarks.md."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from bench.measure import Spread
from bench.report import between, machine, spread_text, table
from bench.tools import Docker
from scripts.engines import provision
from scripts.engines.layout import REPOSITORY, Layout

TARGET = REPOSITORY / "docs/benchmarks.md"
BEGIN, END = "<!-- bench runtime: begin -->", "<!-- bench runtime: end -->"
PROGRAM = "/.moorage/bin/moorage-inside"
CASES = {
    "the interpreter": ["/.moorage/bin/python3", "-I", "-c", "pass"],
    "`moorage-inside --version`": [PROGRAM, "--version"],
    "`moorage-inside check` (TLS, msgspec)": [PROGRAM, "check"],
    "`git --version`": ["/.moorage/bin/git", "--version"],
}
# Timed inside, so that the engine's work for a container is not in it.
TIMES = """
import json, subprocess, sys, time
cases, runs = json.loads(sys.argv[1]), int(sys.argv[2])
found = {name: [] for name in cases}
for _ in range(runs + 1):
    for name, command in cases.items():
        start = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        found[name].append(time.monotonic() - start)
print(json.dumps(found))
"""
SECONDS_LIMIT = 0.35
MEGABYTES_LIMIT = 25


class Figures(NamedTuple):
    """Seconds by case, all runs but the first; bytes by file."""

    seconds: Mapping[str, Sequence[float]]
    sizes: Mapping[str, int]

    @property
    def kept(self) -> bool:
        small = all(size <= MEGABYTES_LIMIT * 1e6 for name, size in self.sizes.items() if not _is_git(name))
        return small and all(Spread.of(each).median <= SECONDS_LIMIT for each in self.seconds.values())


def main(arguments: list[str]) -> int:
    """0 if the limits are kept, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.runtime", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="starts of each program [default: 20]")
    parser.add_argument("--print", action="store_true", help="print the tables; write nothing")
    options = parser.parse_args(arguments)
    layout = Layout.from_environment()
    docker = Docker(provision.engine(layout).host)
    runtime = provision.built_runtime(layout, docker.host)
    figures = Figures(started(docker, runtime, options.runs), sizes(runtime.folder))
    text = tables(figures, options.runs)
    print(text)
    if not options.print:
        TARGET.write_text(between(TARGET.read_text(), BEGIN, END, text))
    return 0 if figures.kept else 1


def started(docker: Docker, runtime: provision.Runtime, runs: int) -> dict[str, list[float]]:
    """In an image with nothing in it, the runtime in a volume that is mounted read-only."""
    volume = f"bench-{uuid4().hex[:12]}"
    docker("volume", "create", volume)
    try:
        docker("run", "--rm", "--volume", f"{volume}:/target", runtime.image, "install", "/target")
        said = docker(
            "run", "--rm", "--network", "none", "--volume", f"{volume}:/.moorage:ro",
            "--entrypoint", "/.moorage/bin/python3", runtime.places["empty"],
            "-I", "-c", TIMES, json.dumps(CASES), str(runs),
        )  # fmt: skip
    finally:
        docker("volume", "rm", "--force", volume)
    return {name: seconds[1:] for name, seconds in json.loads(said).items()}


def sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.glob("*.tar.gz"))}


def tables(figures: Figures, runs: int) -> str:
    facts = "".join(f"- {line}\n" for line in (*machine(), f"{runs} starts of each, alternating"))
    times = table(
        ("Seconds: median (least to greatest)", "", "limit", ""),
        (
            (name, spread_text(Spread.of(found)), f"{SECONDS_LIMIT:g}", _verdict(found))
            for name, found in figures.seconds.items()
        ),
    )
    small = table(
        ("Compressed, MB", "", "limit"),
        (
            (f"`{name}`", f"{size / 1e6:.1f}", "–" if _is_git(name) else f"{MEGABYTES_LIMIT}")
            for name, size in figures.sizes.items()
        ),
    )
    return f"\n{facts}\n{times}\n{small}\n"


def _verdict(seconds: Sequence[float]) -> str:
    return "kept" if Spread.of(seconds).median <= SECONDS_LIMIT else "**missed**"


def _is_git(name: str) -> bool:
    return name.endswith("-git.tar.gz")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
