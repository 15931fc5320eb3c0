"""Finds the files that a target reads, looking only into folders that can hold them."""

from __future__ import annotations

import os
import stat
from operator import attrgetter

from moorage.dockerfile.globs import component, escaped, literal
from moorage.dockerfile.ignore import Ignore
from moorage.dockerfile.reading import EVERYTHING, Read
from moorage.facts.context.tree import ContextChanged, ContextMissing, ContextUnreadable, Entry

_MOST_LINKS = 40


class Walk:
    """Looks at one context once; what several instructions read is not looked at again."""

    def __init__(self, root: str, ignore: Ignore) -> None:
        if not os.path.isdir(root):  # noqa: PTH112  # pathlib costs start-up time
            raise ContextMissing(
                f"the build context {root} is not a folder",
                hint="Correct build.context in devcontainer.json; it is relative to that file.",
            )
        self._root = root
        self._ignore = ignore
        self._folders: dict[str, list[Entry]] = {}

    def select(self, read: Read) -> tuple[list[Entry], list[str]]:
        """What one instruction reads, by path, and those of its sources that match nothing."""
        parts = {source: self._source(source, read.exclude) for source in read.sources}
        missing = [source for source, found in parts.items() if not found and source != EVERYTHING]
        if len(parts) == 1:
            return next(iter(parts.values())), missing
        merged = {entry.path: entry for found in parts.values() for entry in found}
        return [merged[path] for path in sorted(merged)], missing

    def _source(self, source: str, exclude: tuple[str, ...]) -> list[Entry]:
        if source == EVERYTHING:
            return _without(self.below(""), "", exclude)
        found = {
            entry.path: entry
            for match in self._matches("", source.split("/"), [])
            for entry in _without(self._subtree(match), match.path, exclude)
        }
        return [found[path] for path in sorted(found)]

    def below(self, folder: str) -> list[Entry]:
        """Everything in a folder (`""` is the root), pruned by .dockerignore."""
        if folder not in self._folders:
            found: list[Entry] = []
            pending = [folder]
            while pending:
                pending.extend(self._scan(pending.pop(), found))
            found.sort(key=attrgetter("path"))
            self._folders[folder] = found
        return self._folders[folder]

    def _scan(self, folder: str, found: list[Entry]) -> list[str]:
        """Adds what is directly in a folder and returns the folders to go on with."""
        prefix = f"{folder}/" if folder else ""
        ignores = self._ignore.ignores if self._ignore else None
        deeper = []
        try:
            with os.scandir(self._absolute(folder)) as listing:
                for item in listing:
                    path = prefix + item.name
                    ignored = ignores is not None and ignores(path)
                    is_folder = item.is_dir(follow_symlinks=False)
                    if is_folder and not (ignored and self._ignore.prunes(path)):
                        deeper.append(path)
                    if ignored:
                        continue
                    entry = _folder(path) if is_folder else _entry(path, item.stat(follow_symlinks=False))
                    if entry is not None:
                        found.append(entry)
        except OSError as error:
            raise _failure(error, folder) from error
        return deeper

    def _subtree(self, entry: Entry) -> list[Entry]:
        return [entry, *self.below(entry.path)] if entry.kind == "folder" else [entry]

    def _matches(self, folder: str, parts: list[str], links: list[str]) -> list[Entry]:
        """The entries that a pattern names; links on the way and what they point to are part of them."""
        part, rest = parts[0], parts[1:]
        prefix = f"{folder}/" if folder else ""
        name = literal(part)
        if name is not None:
            return self._follow(prefix + name, rest, links)
        if "**" in part:
            return self._deep(folder, parts)
        matches = component(part).fullmatch
        names = [item for item in self._names(folder) if matches(item)]
        return [entry for item in names for entry in self._follow(prefix + item, rest, links)]

    def _follow(self, path: str, rest: list[str], links: list[str]) -> list[Entry]:
        entry = self._look(path)
        if entry is None:
            return []
        if entry.kind == "link":
            return [] if self._hidden(entry) else [entry, *self._through(path, rest, links)]
        if rest:
            return self._matches(path, rest, links) if entry.kind == "folder" else []
        return [] if self._hidden(entry) else [entry]

    def _through(self, path: str, rest: list[str], links: list[str]) -> list[Entry]:
        if len(links) >= _MOST_LINKS:
            return []
        target = os.readlink(self._absolute(path))  # noqa: PTH115
        above = "" if target.startswith("/") else path.rpartition("/")[0]
        resolved = os.path.normpath(f"/{above}/{target}").lstrip("/")
        if not resolved:
            return self.below("") if not rest else self._matches("", rest, [*links, path])
        return self._matches("", [*escaped(resolved).split("/"), *rest], [*links, path])

    def _deep(self, folder: str, parts: list[str]) -> list[Entry]:
        """`**` crosses folders, so it is matched against whole paths below."""
        matches = component("/".join(parts)).fullmatch
        start = len(folder) + 1 if folder else 0
        return [entry for entry in self.below(folder) if matches(entry.path[start:])]

    def _hidden(self, entry: Entry) -> bool:
        """Ignored, with nothing inside that an exception brings back."""
        ignored = self._ignore.ignores(entry.path)
        return ignored and (entry.kind != "folder" or self._ignore.prunes(entry.path))

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self._absolute(folder)))  # noqa: PTH208
        except OSError as error:
            raise _failure(error, folder) from error

    def _look(self, path: str) -> Entry | None:
        try:
            return _entry(path, os.lstat(self._absolute(path)))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise _failure(error, path) from error

    def _absolute(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


def _entry(path: str, found: os.stat_result) -> Entry | None:
    """None for sockets, pipes and devices, which no builder takes."""
    mode = found.st_mode
    if stat.S_ISREG(mode):
        return Entry(
            path,
            "file",
            mode & 0o100 != 0,
            found.st_size,
            found.st_mtime_ns,
            found.st_ctime_ns,
            found.st_ino,
            mode,
        )
    if stat.S_ISDIR(mode):
        return _folder(path)
    if stat.S_ISLNK(mode):
        return Entry(path, "link", False, 0, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, mode)
    return None


def _folder(path: str) -> Entry:
    return Entry(path, "folder", False, 0, 0, 0, 0)


def _without(entries: list[Entry], base: str, exclude: tuple[str, ...]) -> list[Entry]:
    """Drops what --exclude names. BuildKit counts from the source, or from the context with --parents; a path
    goes only if both readings agree, since reading too much is harmless."""
    if not exclude:
        return entries
    drops = Ignore(exclude, "--exclude").ignores
    start = len(base) + 1 if base else 0
    return [e for e in entries if not (drops(e.path) and drops(e.path[start:] or e.path.rpartition("/")[2]))]


def _failure(error: OSError, path: str) -> ContextChanged | ContextUnreadable:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return ContextChanged(path)
    return ContextUnreadable(
        f"{path or 'the build context'} cannot be read: {error.strerror}",
        evidence=(str(error),),
        hint="Make it readable, or name it in .dockerignore.",
    )
