"""Decides which files of a source a COPY means, as BuildKit does. Pure: it only asks a `Tree`.

What surprises: a pattern (`*`, `?`, `[a-z]`; here `**` is `*`) that matches nothing copies nothing and is no
error, unless the folder before it is not there; a link that a source names is followed, one that lies in a
folder or that --parents finds is copied; --exclude speaks of paths in the folder that is copied, so it never
takes away what a source itself names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from moorage.dockerfile.globs import BadPattern, translate
from moorage.dockerfile.ignore import Ignore
from moorage.inside.executor.copying.errors import CopyWrong, missing
from moorage.inside.executor.copying.tree import Kind, Tree
from moorage.inside.layers.entry import joined

_PIVOT = "/./"
_MOST_LINKS = 40
_STARS = re.compile(r"(\\.|\[(?:\\.|[^\]\\])+\])|\*{2,}", re.S)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that a source means: `path` without links, `name` as it was found, before any link."""

    path: str
    name: str
    kind: Kind


class Member(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something in a folder that is copied. `path` is below that folder; `implied` is a folder that is only
    there for what is copied in it.
    """

    path: str
    kind: Kind
    implied: bool = False


class Filter:
    """What of a folder's content is meant: `include` is the pattern of --parents, "" for all of it."""

    def __init__(self, include: str = "", exclude: tuple[str, ...] = ()) -> None:
        self._only = Ignore(("**", f"!{include}"), "COPY --parents") if include else Ignore()
        patterns = (posixpath.normpath(pattern.strip()) for pattern in exclude if pattern.strip())
        self._without = Ignore(patterns, "--exclude")

    def takes(self, path: str) -> bool:
        """Whether this path is copied."""
        return not (self._only.ignores(path) or self._without.ignores(path))

    def looks_into(self, folder: str) -> bool:
        """Whether something in a folder may be copied."""
        only, without = self._only, self._without
        return not (
            (only.ignores(folder) and only.prunes(folder))
            or (without.ignores(folder) and without.prunes(folder))
        )


def cleaned(path: str) -> str:
    """The path from the root, without leading slash, `.` and `..`: before any link is looked at."""
    return posixpath.normpath(f"/{path}").lstrip("/")


def pivot(source: str) -> tuple[str, str]:
    """Of a source of --parents, what is before `/./` and what is behind it, which keeps its folders."""
    before, found, behind = source.partition(_PIVOT)
    return (cleaned(before), cleaned(behind)) if found else ("", cleaned(source))


def is_pattern(text: str) -> bool:
    """Whether there is a wildcard in it that no backslash takes away."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", text, flags=re.S)) is not None


def matches(tree: Tree, source: str) -> list[Match]:
    """What a source means, in order. Raises CopySourceMissing, CopyWrong."""
    names = cleaned(source).split("/")
    count = next((at for at, name in enumerate(names) if is_pattern(name)), len(names))
    base = "/".join(names[:count])
    if count == len(names):
        return [_match(tree, base, source)]
    folder = resolved(tree, base)
    if folder is None:
        raise missing(source)
    found = [folder]
    for pattern in names[count:]:
        regex = _component(pattern, source)
        found = [
            joined(above, name)
            for above in found
            if tree.look(above) == "folder"
            for name in tree.names(above)
            if regex.fullmatch(name)
        ]
    return [_match(tree, path, path) for path in found]


def members(tree: Tree, top: str, chosen: Filter) -> Iterator[Member]:
    """What of a folder is copied; a folder comes before what is in it, names are in order."""
    waiting: list[Member] = []
    """Folders above that are only copied once something in them is."""
    pending = [("", iter(tree.names(top)))]
    while pending:
        folder, names = pending[-1]
        name = next(names, None)
        if name is None:
            pending.pop()
            if waiting and waiting[-1].path == folder:
                waiting.pop()
            continue
        path = joined(folder, name)
        here = joined(top, path)
        kind = tree.look(here)
        if kind is None:
            continue
        taken = chosen.takes(path)
        if taken:
            yield from waiting
            waiting.clear()
            yield Member(path=path, kind=kind)
        if kind == "folder" and chosen.looks_into(path):
            pending.append((path, iter(tree.names(here))))
            if not taken:
                waiting.append(Member(path=path, kind=kind, implied=True))


def holds(tree: Tree, path: str) -> bool:
    """Whether a path that is no pattern is there, with no link on the way to it."""
    here = ""
    for name in path.split("/"):
        if not name or tree.look(here) != "folder":
            return False
        here = joined(here, name)
    return tree.look(here) is not None


def resolved(tree: Tree, path: str) -> str | None:
    """The path without links, which stay below the root; None where there is nothing, or only circles."""
    done, links = "", 0
    pending = path.split("/")[::-1]
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        if name == "..":
            done = done.rpartition("/")[0]
            continue
        here = joined(done, name)
        kind = tree.look(here) if tree.look(done) == "folder" else None
        if kind is None:
            return None
        if kind != "link":
            done = here
            continue
        links += 1
        if links > _MOST_LINKS:
            return None
        target = tree.target(here)
        pending += target.split("/")[::-1]
        done = "" if target.startswith("/") else done
    return done


def _match(tree: Tree, path: str, written: str) -> Match:
    real = resolved(tree, path)
    kind = None if real is None else tree.look(real)
    if real is None or kind is None:
        raise missing(written)
    return Match(path=real, name=path.rpartition("/")[2], kind=kind)


def _component(pattern: str, source: str) -> re.Pattern[str]:
    """As Go's filepath.Match, which has no `**`."""
    try:
        return re.compile(translate(_STARS.sub(lambda match: match[1] or "*", pattern)), re.S)
    except BadPattern:
        raise CopyWrong(
            f"{source} is a broken pattern", hint="Close the bracket, or write [[] for a bracket."
        ) from None
