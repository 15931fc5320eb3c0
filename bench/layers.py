"""``python -m bench.layers [--runs N]``: a layer unpacked beside `tar -xzf`; writes docs/benchmarks.md."""

import argparse
import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.measure import Failed, Sample, Spread, measure
from bench.report import between, machine, spread_text, table
from scripts.engines.layout import REPOSITORY

TARGET = REPOSITORY / "docs/benchmarks.md"
BEGIN, END = "<!-- bench layers: begin -->", "<!-- bench layers: end -->"
LIMIT, MEGABYTES = 1.1, 150
FILES, BYTES = 10_000, 75_000_000
_LARGEST = 1_500_000
CHUNK = 1 << 17


def main(arguments: list[str]) -> int:
    """0 if both limits are kept, 1 if one is missed, 2 if a command failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.layers", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs of each [default: 10]")
    parser.add_argument("--folder", default=None, help="where to unpack [default: as tempfile has it]")
    parser.add_argument("--print", action="store_true", help="print the table; write nothing")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="moorage-bench-", dir=options.folder) as folder:
        try:
            ours, theirs, what = compare(Path(folder), options.runs)
        except Failed as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    ratio = Spread.of([a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True)])
    megabytes = max(sample.megabytes for sample in ours)
    kept = ratio.median <= LIMIT and megabytes <= MEGABYTES
    text = _text(ours, theirs, ratio, what, kept)
    print(text)
    if not options.print:
        TARGET.write_text(between(TARGET.read_text(), BEGIN, END, text))
    return 0 if kept else 1


def compare(folder: Path, runs: int) -> tuple[list[Sample], list[Sample], str]:
    """Pairs, alternating which side is first; one pair beforehand is not counted. Each unpacks into a new
    folder, which is removed before the other begins. Ours tells its own time: the builder runs already when
    it comes to a layer. Memory is that of the whole process.
    """
    layer, diff_id, what = _layer(folder)
    into, told = folder / "into", folder / "seconds"
    ours = [sys.executable, "-m", "bench.layers", "unpack", str(layer), str(into), diff_id, str(told)]
    commands = (ours, ["tar", "-xzf", str(layer), "-C", str(into)])
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    for number in range(runs + 1):
        for side in (0, 1) if number % 2 else (1, 0):
            into.mkdir()
            sample = measure(commands[side], os.environ)
            samples[side].append(sample if side else sample._replace(seconds=float(told.read_text())))
            shutil.rmtree(into)
        print(f"layer {number}: {samples[0][-1].seconds:.2f} {samples[1][-1].seconds:.2f}", file=sys.stderr)
    return samples[0][1:], samples[1][1:], what


def unpack(layer: str, into: str, diff_id: str, told: str) -> None:
    """What the builder does with a layer, the digest of its archive checked; seconds go into a file."""
    from moorage.inside.layers.receive import receive
    from moorage.inside.layers.root import Root
    from moorage.inside.layers.unpack import unpack as unpack_pieces

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := file.read(CHUNK):
            yield chunk

    start = time.monotonic()
    with Root(into) as root, Path(layer).open("rb") as file:
        asyncio.run(receive(chunks(), lambda pieces: unpack_pieces(pieces, root), diff_id=diff_id))
    Path(told).write_text(str(time.monotonic() - start))


def _layer(folder: Path) -> tuple[Path, str, str]:
    """Packages of this machine, as many as a base image has: small files and libraries, half each."""
    paths = sorted(
        [*_files("/usr/share", 0, FILES, BYTES // 2), *_files("/usr/lib", 20_000, 500, BYTES // 2)]
    )
    size = sum(os.lstat(path).st_size for path in paths)
    layer = folder / "layer.tar.gz"
    plain = folder / "layer.tar"
    names = b"\0".join(os.fsencode(path.removeprefix("/")) for path in paths)
    command = ["tar", "--no-recursion", "-c", "-f", str(plain), "-C", "/", "--null", "-T", "-"]
    subprocess.run(command, input=names, stderr=subprocess.DEVNULL, check=True)
    subprocess.run(["gzip", "-6", "-n", "-k", str(plain)], check=True)
    with plain.open("rb") as file:
        diff_id = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    plain.unlink()
    packed = layer.stat().st_size
    what = f"{len(paths)} members, {size / 1e6:.0f} MB, {packed / 1e6:.0f} MB packed"
    return layer, diff_id, what


def _files(place: str, least: int, most: int, total: int) -> list[str]:
    """Folders, and files of `least` bytes and more, until there are `most` or they come to `total` bytes."""
    found: list[str] = []
    for folder, folders, files in os.walk(place):
        folders.sort()
        if len(found) >= most:
            break
        found.append(folder)
        for name in sorted(files):
            path = f"{folder}/{name}"
            size = os.lstat(path).st_size
            if least <= size < _LARGEST and total > size and len(found) < most:
                total -= size
                found.append(path)
    return found


def _text(ours: list[Sample], theirs: list[Sample], ratio: Spread, what: str, kept: bool) -> str:
    facts = "".join(f"- {line}\n" for line in (*machine(), f"{what}; {len(ours)} runs of each, alternating"))
    head = (
        "Seconds: median (least to greatest)",
        "moorage",
        "`tar -xzf`",
        "ratio of pairs",
        "limit",
        "MB",
        "",
    )
    row = (
        "a gzip layer unpacked",
        spread_text(Spread.of([sample.seconds for sample in ours])),
        spread_text(Spread.of([sample.seconds for sample in theirs])),
        spread_text(ratio),
        f"{LIMIT:g}",
        f"{max(sample.megabytes for sample in ours):.0f} of {MEGABYTES}",
        "kept" if kept else "**missed**",
    )
    return f"\n{facts}\n{table(head, [row])}\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["unpack"]:
        unpack(*sys.argv[2:6])
    else:
        sys.exit(main(sys.argv[1:]))
