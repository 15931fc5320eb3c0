"""What is to be copied, from both sides and what they last agreed on. Pure.

Only what changed on the one side since then is copied, and only over what did not change on the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from moorage.facts.archive.unpack import leads_out
from moorage.spec.manifest import FOLDER, LINK, above

Words = Mapping[str, str]
"""By path: a word of `spec.manifest`."""
Direction = Literal["upload", "download"]


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A path that is left as it is on both sides."""

    path: str
    reason: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`copied` and `deleted` are changes of the target, folders before what is in them; `base` is what both
    sides agree on without them.
    """

    copied: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    base: dict[str, str] = {}


def suspects(source: Words, base: Words) -> tuple[str, ...]:
    """The paths of the target that a decision depends on, each with the folders above it."""
    changed = [path for path, word in source.items() if base.get(path) != word]
    gone = [path for path in base if path not in source]
    return tuple(sorted({each for path in (*changed, *gone) for each in (*above(path), path)}))


def decide(
    source: Words,
    target: Words,
    base: Words,
    *,
    direction: Direction,
    force: bool = False,
    delete: bool = False,
) -> Decision:
    """`target` has to hold what `suspects` names. With `force` changes of the target count for nothing."""
    kept = dict(base)
    copied, deleted, conflicts = list[str](), list[str](), list[Conflict]()
    for path in sorted({*source, *base}):
        mine, theirs, agreed = source.get(path), target.get(path), base.get(path)
        if mine == theirs:
            kept.pop(path, None)
            kept |= {path: mine} if mine is not None else {}
        elif mine == agreed or (mine is None and not delete):
            continue
        elif reason := _objection(path, mine, target, direction) or _newer(theirs, agreed, direction, force):
            conflicts.append(Conflict(path=path, reason=reason))
        else:
            (copied if mine is not None else deleted).append(path)
            kept.pop(path, None)
    return Decision(copied=tuple(copied), deleted=tuple(deleted), conflicts=tuple(conflicts), base=kept)


def _newer(theirs: str | None, agreed: str | None, direction: Direction, force: bool) -> str:
    if theirs == agreed or force:
        return ""
    place = "in the workspace" if direction == "upload" else "here"
    if theirs is None:
        return f"it was deleted {place}"
    return f"it was changed {place}" if agreed is not None else f"another one was made {place}"


def _objection(path: str, mine: str | None, target: Words, direction: Direction) -> str:
    """What stands in the way whatever is forced."""
    theirs = target.get(path, mine)
    if mine is not None and theirs is not None and (mine == FOLDER) != (theirs == FOLDER):
        return "it is a folder on one side only"
    if any(target.get(folder, FOLDER) != FOLDER for folder in above(path)):
        return "it would be behind something that is no folder"
    if direction == "download" and mine and mine[0] == LINK and leads_out(path, mine[1:]):
        return "it is a link that leads out of the folder"
    return ""
