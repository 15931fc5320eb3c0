"""From samples to the Kubernetes table of docs/benchmarks.md."""

import json
import math
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.kubernetes.cases import Case
from bench.measure import Sample, Spread
from bench.report import between, machine, spread_text, table
from scripts.cluster.provision import Cluster

BEGIN, END = "<!-- bench kubernetes: begin -->", "<!-- bench kubernetes: end -->"


class Comparison(NamedTuple):
    """All runs of one case, in pairs."""

    case: Case
    ours: Sequence[Sample]
    raw: Sequence[Sample]

    @property
    def compared(self) -> Spread:
        """Of the pairs, so that what slows the machine for a while slows both sides of a pair."""
        pairs = [(a.seconds, b.seconds) for a, b in zip(self.ours, self.raw, strict=True)]
        return Spread.of([a - b if self.case.kind == "more" else a / b for a, b in pairs])

    @property
    def megabytes(self) -> float:
        return max(sample.megabytes for sample in self.ours)

    @property
    def kept(self) -> bool:
        within = self.case.megabytes is None or self.megabytes <= self.case.megabytes
        return within and self.compared.median <= self.case.limit


def write(target: Path, comparisons: Sequence[Comparison], cluster: Cluster) -> None:
    """Put the table between the markers of `target`; the words around it stay."""
    target.write_text(between(target.read_text(), BEGIN, END, text(comparisons, cluster)))


def text(comparisons: Sequence[Comparison], cluster: Cluster) -> str:
    """Machine, versions, times: as Markdown."""
    facts = "".join(f"- {line}\n" for line in (*machine(), _version(cluster)))
    head = ("Seconds: p50, p99", "moorage", "beside it", "", "compared, pairs", "limit", "MB", "runs", "")
    return f"\n{facts}\n{table(head, map(_row, comparisons))}\n"


def _row(each: Comparison) -> tuple[str, ...]:
    case = each.case
    sign, unit = ("+", " s") if case.kind == "more" else ("× ", "")
    memory = f"{each.megabytes:.0f}" + (f" of {case.megabytes:.0f}" if case.megabytes else "")
    return (
        case.title,
        _times(each.ours),
        _times(each.raw),
        case.raw_title,
        f"{sign}{spread_text(each.compared)}",
        f"{sign}{case.limit:g}{unit}",
        memory,
        str(len(each.ours)),
        "kept" if each.kept else "**missed**",
    )


def _times(samples: Sequence[Sample]) -> str:
    seconds = sorted(sample.seconds for sample in samples)
    return f"{statistics.median(seconds):.2f}, {seconds[math.ceil(0.99 * len(seconds)) - 1]:.2f}"


def _version(cluster: Cluster) -> str:
    command = [cluster.kubectl, f"--kubeconfig={cluster.kubeconfig}", "version", "--output=json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    versions = {name: found[name]["gitVersion"] for name in ("serverVersion", "clientVersion")}
    where = "of this repository (`make cluster`), one node" if cluster.ours else "given"
    return f"Kubernetes {versions['serverVersion']} {where}, kubectl {versions['clientVersion']}"
