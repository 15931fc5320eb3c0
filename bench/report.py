"""From samples to the tables of docs/benchmarks.md."""

import platform
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.measure import Sample, Spread
from bench.stage import Case
from bench.tools import Docker
from scripts.reference_cli import VERSION

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
MEMORY_LIMIT = 1.0


class Comparison(NamedTuple):
    """All runs of one case, in pairs: the first of `ours` was followed by the first of `theirs`."""

    case: Case
    ours: Sequence[Sample]
    theirs: Sequence[Sample]

    @property
    def ratio(self) -> Spread:
        """Of the pairs' times, so that what slows the machine for a while slows both sides of a pair."""
        return Spread.of([a.seconds / b.seconds for a, b in zip(self.ours, self.theirs, strict=True)])

    @property
    def memory_ratio(self) -> float:
        return max(a.megabytes for a in self.ours) / max(b.megabytes for b in self.theirs)

    @property
    def kept(self) -> bool:
        return self.ratio.median <= self.case.limit and self.memory_ratio <= MEMORY_LIMIT


def write(target: Path, comparisons: Sequence[Comparison], docker: Docker) -> None:
    """Put the tables between the markers of `target`; the words around them stay."""
    target.write_text(between(target.read_text(), BEGIN, END, tables(comparisons, docker)))


def between(text: str, begin: str, end: str, new: str) -> str:
    """`text` with `new` between its two markers."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{new}{end}{after}"


def tables(comparisons: Sequence[Comparison], docker: Docker) -> str:
    """Machine and versions, times, memory: as Markdown."""
    runs = min((len(each.ours) for each in comparisons), default=0)
    facts = "".join(
        f"- {line}\n" for line in (*machine(), *_tools(docker), f"{runs} runs of each, alternating")
    )
    return f"\n{facts}\n{_times(comparisons)}\n{_memory(comparisons)}\n"


def _times(comparisons: Sequence[Comparison]) -> str:
    head = ("Seconds: median (least to greatest)", "moorage", "reference", "ratio of pairs", "limit", "")
    rows = (
        (
            each.case.title,
            _spread([sample.seconds for sample in each.ours]),
            _spread([sample.seconds for sample in each.theirs]),
            spread_text(each.ratio),
            f"{each.case.limit:g}",
            "kept" if each.ratio.median <= each.case.limit else "**missed**",
        )
        for each in comparisons
    )
    return table(head, rows)


def _memory(comparisons: Sequence[Comparison]) -> str:
    head = ("Peak memory of the largest process, MB", "moorage", "reference", "ratio", "limit", "")
    rows = (
        (
            each.case.title,
            f"{max(sample.megabytes for sample in each.ours):.0f}",
            f"{max(sample.megabytes for sample in each.theirs):.0f}",
            f"{each.memory_ratio:.2f}",
            f"{MEMORY_LIMIT:g}",
            "kept" if each.memory_ratio <= MEMORY_LIMIT else "**missed**",
        )
        for each in comparisons
    )
    return table(head, rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _spread(values: Sequence[float]) -> str:
    return spread_text(Spread.of(values))


def spread_text(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.least:.2f} to {spread.greatest:.2f})"


def machine() -> tuple[str, ...]:
    """The day, the commit, the machine and its Python."""
    cpu = _field("/proc/cpuinfo", "model name") or platform.machine()
    count = len([line for line in _lines("/proc/cpuinfo") if line.startswith("processor")])
    memory = int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1024**2
    system = _field("/etc/os-release", "PRETTY_NAME", "=") or platform.system()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, commit {commit.strip()}",
        f"{count} × {cpu}, {memory:.0f} GB, {system.strip(chr(34))}, Linux {platform.release()}",
        f"Python {platform.python_version()}",
    )


def _tools(docker: Docker) -> tuple[str, ...]:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    engine = docker("version", "--format", "{{.Server.Version}}")
    store = docker("info", "--format", "{{.Driver}}")
    return (
        f"Docker Engine {engine} ({store}), docker {docker('version', '--format', '{{.Client.Version}}')}",
        f"Node.js {node} for @devcontainers/cli {VERSION}",
    )


def _field(path: str, name: str, separator: str = ":") -> str:
    for line in _lines(path):
        key, found, value = line.partition(separator)
        if found and key.strip() == name:
            return value.strip()
    return ""


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
