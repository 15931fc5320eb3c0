"""What every cause looks like."""

from __future__ import annotations

import msgspec


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a pod is not there yet. `code` is stable and unique; the hint begins with a verb.

    `hopeless`: waiting longer would change nothing. `scheduling`: only another node, or room on one, would
    help, which an autoscaler may bring.
    """

    code: str
    sentence: str
    evidence: tuple[str, ...] = ()
    hint: str = ""
    hopeless: bool = False
    scheduling: bool = False


def clipped(text: str, length: int = 400) -> str:
    """One line of evidence: strangers' words may be long and hold what a terminal acts on."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
