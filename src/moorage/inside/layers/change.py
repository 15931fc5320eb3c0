"""What a build changed in a root, as a layer says it: what is written, deleted, or emptied first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from moorage.inside.layers.entry import OPAQUE, WHITEOUT, joined

Marks = Mapping[str, int]
"""By name, what a folder's members looked like: any other number is another look. Odd is a folder."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """One path of a layer. `opaque`: nothing of the folder in layers below is left."""

    path: str
    kind: Literal["written", "deleted", "opaque"] = "written"


def is_folder(mark: int) -> bool:
    """Whether the mark is a folder's."""
    return bool(mark & 1)


def deletions(folder: str, before: Marks, after: Marks) -> list[Change]:
    """What is gone from a folder that is still there. One word is enough where all of several are gone."""
    gone = sorted(name for name in before if name not in after)
    if len(gone) > 1 and len(gone) == len(before):
        return [Change(folder, "opaque")]
    return [Change(joined(folder, name), "deleted") for name in gone]


def differing(before: Marks, after: Marks) -> set[str]:
    """Names of what is new in a folder, or looks otherwise than before."""
    return {name for name, mark in after.items() if before.get(name) != mark}


def archived(change: Change) -> str:
    """The path that a change has in an archive (OCI image specification, "Whiteouts")."""
    if change.kind == "written":
        return change.path
    if change.kind == "opaque":
        return joined(change.path, OPAQUE)
    folder, _, name = change.path.rpartition("/")
    return joined(folder, WHITEOUT + name)
