"""``python -m bench.kubernetes [--runs N] [--case NAME …]``: measure, print, and write docs/benchmarks.md."""

import argparse
import math
import sys
import tempfile
from pathlib import Path

from bench.kubernetes import report
from bench.kubernetes.cases import CASES, Case
from bench.kubernetes.stage import Stage, stage
from bench.measure import Failed, Sample
from scripts.cluster import provision
from scripts.engines.layout import REPOSITORY, Layout

TARGET = REPOSITORY / "docs/benchmarks.md"


def main(arguments: list[str]) -> int:
    """0 if every limit is kept, 1 if one is missed, 2 if a command failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.kubernetes", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs of each side and case [default: 10]")
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="only these")
    parser.add_argument("--print", action="store_true", help="print the table; write nothing")
    options = parser.parse_args(arguments)
    chosen = [case for case in CASES if not options.case or case.name in options.case]
    cluster = provision.cluster(Layout.from_environment())
    with tempfile.TemporaryDirectory(prefix="moorage-bench-") as folder:
        try:
            compared = []
            for case in chosen:
                with stage(cluster, Path(folder, case.name)) as place:
                    compared.append(compare(case, place, options.runs))
        except Failed as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    print(report.text(compared, cluster))
    if not options.print and not options.case:
        report.write(TARGET, compared, cluster)
    return 0 if all(each.kept for each in compared) else 1


def compare(case: Case, place: Stage, runs: int) -> report.Comparison:
    """Pairs, alternating which side is first; one pair beforehand fills caches and is not counted."""
    ours: list[Sample] = []
    raw: list[Sample] = []
    case.prepare(place)
    for number in range(math.ceil(runs * case.share) + 1):
        case.reset(place)
        sides = [(ours, case.ours), (raw, case.raw)]
        for collected, run in sides if number % 2 else reversed(sides):
            collected.append(run(place))
        print(f"{case.name} {number}: {ours[-1].seconds:.2f} {raw[-1].seconds:.2f}", file=sys.stderr)
    return report.Comparison(case, ours[1:], raw[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
