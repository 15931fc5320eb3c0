"""The context of a build that installs Features: their files, each Feature's in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from moorage.builders.base import Context
from moorage.dockerfile.ignore import read as read_ignore
from moorage.facts.context.archive import Part, write_parts
from moorage.facts.context.tree import Entry
from moorage.facts.context.walk import Walk

_NOTHING = read_ignore("")


def context(folders: Mapping[str, Path], generated: Mapping[str, str]) -> Context:
    """`folders`: place in the context → the Feature's files. `generated`: path in the context → text.

    Everything in a Feature's folder is readable and executable for all, as the reference CLI has it; files of
    ours take the place of the Feature's own of that name. Blocking, also when read.
    Raises ContextMissing, ContextUnreadable, ContextChanged.
    """
    own = {path: text.encode(errors="replace") for path, text in generated.items()}
    parts = [_part(place, root, own) for place, root in sorted(folders.items())]

    def archive(extra: Mapping[str, bytes]) -> Iterator[bytes]:
        return write_parts(parts, {**own, **extra})

    # Nothing of this lies together on this machine: no path here is there, so that builders take the archive.
    entries = [Entry(path, "file", False, len(content), 0, 0, 0) for path, content in own.items()]
    entries += [_moved(part, entry) for part in parts for entry in part.entries]
    return Context(archive=archive, patterns=tuple(folders), entries=entries)


def _part(place: str, root: Path, own: Mapping[str, bytes]) -> Part:
    taken = [path.removeprefix(f"{place}/") for path in own if path.startswith(f"{place}/")]
    entries = [each for each in Walk(str(root), _NOTHING).below("") if not _is_taken(each, taken)]
    return Part(root=str(root), entries=entries, place=place, executable=True)


def _is_taken(entry: Entry, taken: Sequence[str]) -> bool:
    return any(f"{entry.path}/".startswith(f"{path}/") for path in taken)


def _moved(part: Part, entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, path=part.path(entry))
