"""Plain tables for people, and the age of things."""

from __future__ import annotations

from collections.abc import Sequence

from moorage.cli.report.plain import harmless


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their longest cell, two spaces between; the first row is the heading."""
    clean = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*clean, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in clean)
    return "\n".join(line.rstrip() for line in lines)


def details(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values; those without a value are left out, further lines stand below the first."""
    shown = [(name, value.splitlines()) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(
        f"{heading.ljust(width)}  {harmless(line)}".rstrip()
        for name, lines in shown
        for heading, line in zip((name, *[""] * len(lines)), lines, strict=False)
    )


def age(seconds: float) -> str:
    """A time span in its largest unit: "3 min", "2 h", "5 d"."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def size(count: float) -> str:
    """Bytes in units of a thousand, as Docker shows them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
