"""What every look of the doctor ends with, and what several of them use."""

from __future__ import annotations

import shutil
from typing import Literal

import msgspec

from moorage.errors import MoorageError

PATIENCE = 10.0
"""Seconds for each look."""
_LITTLE_SPACE = 5 * 10**9


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at. fail: workspaces cannot work; warn: something will not, or not well."""

    name: str
    level: Literal["ok", "warn", "fail"]
    text: str
    hint: str = ""


def failed(name: str, error: MoorageError) -> Check:
    """A look that ended with an error, with all that it says."""
    evidence = f" ({'; '.join(error.evidence)})" if error.evidence else ""
    return Check(name=name, level="fail", text=error.message + evidence, hint=error.hint)


def space(folder: str) -> tuple[str, bool]:
    """The free space in words, and whether it is little; nothing where it cannot be seen."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return "", False
    return f"{disk.free / 1e9:.1f} GB of {disk.total / 1e9:.1f} GB free", disk.free < _LITTLE_SPACE


def numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())
