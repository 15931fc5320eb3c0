"""``python -m bench [--runs N] [--case NAME …]``: measure, print, and write docs/benchmarks.md."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import report
from bench.cases import CASES
from bench.measure import Failed, Sample
from bench.stage import Case, Stage
from bench.tools import Docker, Tool, moorage, reference
from scripts.engines import provision
from scripts.engines.layout import REPOSITORY, Layout

TARGET = REPOSITORY / "docs/benchmarks.md"


def main(arguments: list[str]) -> int:
    """0 if every limit is kept, 1 if one is missed, 2 if a command failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs of each tool and case [default: 10]")
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="only these")
    parser.add_argument("--print", action="store_true", help="print the tables; write nothing")
    options = parser.parse_args(arguments)
    chosen = [case for case in CASES if not options.case or case.name in options.case]
    docker = Docker(provision.engine(Layout.from_environment()).host)
    with tempfile.TemporaryDirectory(prefix="moorage-bench-") as folder:
        root = Path(folder)
        tools = moorage(docker.host, root), reference(docker.host, root)
        try:
            compared = [compare(case, tools, docker, root, options.runs) for case in chosen]
        except Failed as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    print(report.tables(compared, docker))
    if not options.print and not options.case:
        report.write(TARGET, compared, docker)
    return 0 if all(each.kept for each in compared) else 1


def compare(case: Case, tools: tuple[Tool, Tool], docker: Docker, root: Path, runs: int) -> report.Comparison:
    """`runs` pairs, the two tools taking turns; one run of each beforehand is not counted."""
    stages = tuple(Stage(tool, docker, root / tool.name / case.name) for tool in tools)
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    try:
        for stage in stages:
            case.prepare(stage)
        for number in range(runs):
            for stage, collected in zip(stages, samples, strict=True):
                case.reset(stage)
                collected.append(case.run(stage))
            ours, theirs = samples[0][-1], samples[1][-1]
            print(
                f"{case.name} {number + 1}/{runs}: {ours.seconds:.2f} {theirs.seconds:.2f}", file=sys.stderr
            )
    finally:
        for stage in stages:
            stage.clear()
    return report.Comparison(case, *samples)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
