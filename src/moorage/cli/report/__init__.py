"""How a run is shown: a live tree on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import sys
from typing import Literal

import msgspec

from moorage.events import Reporter


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What the options say about printing: results on standard output, everything else on standard error."""

    result: Literal["text", "json"] = "text"
    log: Literal["text", "json"] = "text"
    quiet: bool = False


def reporter_for(output: Output) -> Reporter:
    """The sink for this output. Nothing heavy is loaded until there is a step to show."""
    if output.log == "json":
        from moorage.cli.report.lines import JsonLines

        return JsonLines(sys.stderr)
    if output.quiet:
        from moorage.cli.report.plain import Quiet

        return Quiet(sys.stderr)
    if sys.stderr.isatty():
        from moorage.cli.report.live import Live

        return Live(sys.stderr)
    from moorage.cli.report.plain import Plain

    return Plain(sys.stderr)
