"""Hashes what a target reads of its context, without reading a file that is as it was the last time."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable

import msgspec

from moorage.dockerfile.ignore import Ignore
from moorage.dockerfile.reading import Read, Reads
from moorage.facts.context.cache import Cache, Remembered
from moorage.facts.context.tree import ContextChanged, ContextTree, ContextUnreadable, Entry, Missing
from moorage.facts.context.walk import Walk

_ATTEMPTS = 3
_BLOCK = 1 << 20
_RESTED = 100_000_000
"""Nanoseconds. A file touched less than this before it was looked at may change again within one tick of its
file system's clock, so what is known about it is not remembered."""


def hash_context(root: str, reads: Reads, ignore: Ignore, cache_dir: str | None = None) -> ContextTree:
    """The tree of files that `reads` names below `root`, as far as `ignore` lets them through.

    With `cache_dir` an unchanged tree costs one look at each path; the folder may be deleted at any time.
    Blocking. Raises ContextMissing, ContextUnreadable, and ContextChanged where files never come to rest.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _hash(root, reads, ignore, cache_dir)
        except ContextChanged:
            continue
    return _hash(root, reads, ignore, cache_dir)


def _hash(root: str, reads: Reads, ignore: Ignore, cache_dir: str | None) -> ContextTree:
    now = time.time_ns()
    walk = Walk(root, ignore)
    selected = [(item, *walk.select(item)) for item in reads.items]
    entries = _merged([found for _, found, _ in selected])
    missing = tuple(Missing(item.line, source) for item, _, sources in selected for source in sources)
    cache = Cache(cache_dir, root) if cache_dir else None
    fingerprint = _fingerprint(entries, reads.items, ignore)
    if cache and (known := cache.tree(fingerprint)):
        return ContextTree(
            digest=known.digest, digests=known.digests, entries=entries, missing=missing, cached=True
        )
    lines, read = _lines(root, entries, cache.files() if cache else {})
    tree = ContextTree(
        digest=_digest(lines[entry.path] for entry in entries),
        digests={item.line: _digest(lines[entry.path] for entry in found) for item, found, _ in selected},
        entries=entries,
        missing=missing,
    )
    if cache:
        rested = [entry for entry in entries if max(entry.modified, entry.changed) < now - _RESTED]
        cache.keep_files({entry.path: (entry, read[entry.path]) for entry in rested if entry.path in read})
        if len(rested) == len(entries):
            cache.keep_tree(fingerprint, Remembered(digest=tree.digest, digests=tree.digests))
    return tree


def _merged(lists: list[list[Entry]]) -> list[Entry]:
    """The union by path. A list that holds everything is the usual case."""
    longest = max(lists, key=len, default=[])
    if all(found is longest for found in lists):
        return longest
    merged = {entry.path: entry for found in lists for entry in found}
    return [merged[path] for path in sorted(merged)]


def _fingerprint(entries: list[Entry], items: tuple[Read, ...], ignore: Ignore) -> str:
    """Equal where nothing that could change a digest did. Paths go in as bytes: they may be no UTF-8."""
    paths = os.fsencode("\0".join(entry.path for entry in entries))
    looks = [
        (entry.kind, entry.executable, entry.size, entry.modified, entry.changed, entry.inode)
        for entry in entries
    ]
    asked = [(item.line, item.sources, item.exclude) for item in items]
    hasher = hashlib.sha256(msgspec.msgpack.encode((len(paths), asked, ignore.patterns)))
    hasher.update(paths)
    hasher.update(msgspec.msgpack.encode(looks))
    return hasher.hexdigest()


def _lines(
    root: str, entries: list[Entry], known: dict[str, tuple[Entry, bytes]]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """For each path the line that stands for it in a digest, and for files and links their content's hash."""
    lines: dict[str, bytes] = {}
    contents: dict[str, bytes] = {}
    for entry in entries:
        content = b""
        if entry.kind != "folder":
            before = known.get(entry.path)
            content = before[1] if before and before[0] == entry else _content(root, entry)
            contents[entry.path] = content
        mark = b"x" if entry.executable else b"-"
        lines[entry.path] = b"%b %b %b %b\0" % (entry.kind.encode(), mark, content, os.fsencode(entry.path))
    return lines, contents


def _digest(lines: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _content(root: str, entry: Entry) -> bytes:
    path = f"{root}/{entry.path}"
    try:
        if entry.kind == "link":
            return hashlib.sha256(os.fsencode(os.readlink(path))).digest()  # noqa: PTH115
        return _file(path)
    except FileNotFoundError as error:
        raise ContextChanged(entry.path) from error
    except OSError as error:
        raise ContextUnreadable(
            f"{entry.path} cannot be read: {error.strerror}",
            evidence=(str(error),),
            hint="Make it readable, or name it in .dockerignore.",
        ) from error


def _file(path: str) -> bytes:
    hasher = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while block := os.read(handle, _BLOCK):
            hasher.update(block)
    finally:
        os.close(handle)
    return hasher.digest()
