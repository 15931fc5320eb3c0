"""One copy, up or down: look at both sides, decide, and do it while nothing has changed meanwhile."""

from __future__ import annotations

import asyncio
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from moorage.errors import DeadlineError, UsageError
from moorage.events import StepEnded, StepStarted
from moorage.facts.folder import ignore, looked, packed, sent
from moorage.spec import manifest
from moorage.workspace.carriage import Progress
from moorage.workspace.site import Site
from moorage.workspace.sync.compare import Conflict, Decision, Direction, decide, suspects
from moorage.workspace.sync.here import Landing, NotTaken, Scan, scan
from moorage.workspace.sync.place import Place
from moorage.workspace.sync.receive import receive
from moorage.workspace.sync.there import LAST, There, listed

_ATTEMPTS = 3
_STEP = "sync"


class BadSyncPath(UsageError):
    """The path is not in the project's folder, or there is nothing at it on either side."""

    code = "bad-sync-path"


class NeverAtRest(DeadlineError):
    """Files in the workspace changed each time between the look at them and the copy."""

    code = "sync-never-at-rest"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be copied: `paths` below the folder, none for all of it."""

    direction: Direction = "upload"
    paths: tuple[str, ...] = ()
    force: bool = False
    delete: bool = False
    dry_run: bool = False


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or with `dry_run` would be."""

    direction: Direction
    source: str
    target: str
    dry_run: bool
    copied: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


async def sync(site: Site, place: Place, wish: Wish) -> Synced:
    """Raises BadSyncPath, NeverAtRest, and as `There` and `scan`; a conflict is a part of the result."""
    run = _Run(site, place, wish)
    title = f"Copy {run.ends[0]} to {run.ends[1]}"
    site.reporter.emit(StepStarted(step=_STEP, title=title))
    began, outcome = asyncio.get_running_loop().time(), "failed"
    try:
        found = await (run.upload() if wish.direction == "upload" else run.download())
        outcome = "done"
    finally:
        seconds = asyncio.get_running_loop().time() - began
        site.reporter.emit(StepEnded(step=_STEP, outcome=outcome, seconds=seconds))  # type: ignore[arg-type]
    return found


class _Run:
    def __init__(self, site: Site, place: Place, wish: Wish) -> None:
        self._wish = wish
        self._folder = place.local
        self._rules = ignore(place.local)
        chosen = tuple(_relative(path, place.local) for path in wish.paths)
        self._chosen = () if "" in chosen else chosen
        self._there = There(site.driver.inside(place.container), place.remote, place.user)
        self._told = Progress(site.reporter, _STEP)
        inside = f"{place.remote} in the workspace"
        self.ends = (place.local, inside) if wish.direction == "upload" else (inside, place.local)

    async def upload(self) -> Synced:
        for _ in range(_ATTEMPTS):
            _, kept = await self._there.look(names=False)
            here = await self._scan()
            base = self._of(kept)
            self._must_be_there({*here.words, *base})
            paths = suspects(here.words, base)
            there, seen = await self._there.words(paths)
            decision = self._decided(here.words, there, base)
            if self._wish.dry_run:
                return self._result(decision)
            agreed = {**_without(kept, base), **decision.base}
            if not (decision.copied or decision.deleted) and agreed == kept:
                return self._result(decision)
            if await self._there.take(self._archive(decision, agreed, paths, seen)):
                return self._result(decision)
        raise NeverAtRest(
            "Files in the workspace change while they are copied.",
            hint="End what writes them there, or leave them out with .moorageignore.",
        )

    async def download(self) -> Synced:
        names, kept = await self._there.look(names=True)
        there, _ = await self._there.words(tuple(name for name in names if self._wanted(name)))
        there = {path: word for path, word in there.items() if word != "o"}
        here = await self._scan()
        base = self._of(kept)
        self._must_be_there({*here.words, *there, *base})
        decision = self._decided(there, here.words, base)
        if self._wish.dry_run:
            return self._result(decision)
        came, refused, deleted = await self._landed(decision, there, here)
        untouched = {path: base[path] for path in (*decision.copied, *refused) if path in base}
        agreed = {**_without(kept, base), **decision.base, **untouched, **came}
        if agreed != kept:
            await self._there.take(self._archive(Decision(), agreed, (), b""))
        conflicts = (*decision.conflicts, *(Conflict(path=path, reason=why) for path, why in refused.items()))
        return self._result(
            Decision(copied=tuple(came), deleted=deleted, conflicts=tuple(sorted(conflicts, key=_path)))
        )

    async def _landed(
        self, decision: Decision, there: dict[str, str], here: Scan
    ) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        landing, came, refused = Landing(self._folder, here), dict[str, str](), dict[str, str]()
        deleted = list[str]()
        files = {path: there[path] for path in decision.copied if there[path][0] in "fx"}
        if files:
            came, refused = await receive(self._there, landing, files, self._told)
        for path in (*reversed(decision.deleted), *decision.copied):
            if path in files:
                continue
            try:
                if path in decision.deleted:
                    await asyncio.to_thread(landing.remove, path)
                    deleted.append(path)
                    continue
                if there[path] == manifest.FOLDER:
                    landing.folder(path)
                else:
                    landing.link(path, there[path][1:])
                came[path] = there[path]
            except NotTaken as error:
                refused[path] = str(error)
        return dict(sorted(came.items())), refused, tuple(sorted(deleted))

    def _archive(
        self, decision: Decision, agreed: dict[str, str], paths: Sequence[str], seen: bytes
    ) -> Iterator[bytes]:
        words: dict[str, str] = {}
        found = looked(self._folder, decision.copied)
        yield from sent(self._folder, found, words, self._told, "new/")
        for name, data in (
            ("paths", b"".join(listed(paths))),
            ("seen", seen),
            ("gone", b"".join(listed(reversed(decision.deleted)))),
            ("manifest", manifest.encode(dict(sorted({**agreed, **words}.items())))),
            (LAST, b""),
        ):
            yield from packed(name, data)
        yield bytes(2 * tarfile.BLOCKSIZE)

    async def _scan(self) -> Scan:
        return await asyncio.to_thread(scan, self._folder, self._rules, self._wanted, self._told)

    def _decided(self, source: dict[str, str], target: dict[str, str], base: dict[str, str]) -> Decision:
        wish = self._wish
        return decide(source, target, base, direction=wish.direction, force=wish.force, delete=wish.delete)

    def _wanted(self, path: str) -> bool:
        chosen = not self._chosen or any(f"{path}/".startswith(f"{each}/") for each in self._chosen)
        return chosen and not (bool(self._rules) and self._rules.ignores(path))

    def _of(self, kept: dict[str, str]) -> dict[str, str]:
        return {path: word for path, word in kept.items() if self._wanted(path)}

    def _must_be_there(self, paths: Iterable[str]) -> None:
        for each in self._chosen:
            if not any(f"{path}/".startswith(f"{each}/") for path in paths):
                raise BadSyncPath(
                    f"There is nothing to copy at {each}.",
                    hint="Give a path below the project's folder that .moorageignore does not leave out.",
                )

    def _result(self, decision: Decision) -> Synced:
        return Synced(
            direction=self._wish.direction,
            source=self.ends[0],
            target=self.ends[1],
            dry_run=self._wish.dry_run,
            copied=decision.copied,
            deleted=decision.deleted,
            conflicts=decision.conflicts,
        )


def _without(kept: dict[str, str], base: dict[str, str]) -> dict[str, str]:
    return {path: word for path, word in kept.items() if path not in base}


def _path(conflict: Conflict) -> str:
    return conflict.path


def _relative(path: str, folder: str) -> str:
    """Relative to the folder, "" for the folder itself. Raises BadSyncPath."""
    plain = posixpath.normpath(posixpath.relpath(path, folder) if path.startswith("/") else path)
    if plain == ".":
        return ""
    if not manifest.below(plain):
        raise BadSyncPath(
            f"{path} is not in the project's folder {folder}.",
            hint="Give a path relative to that folder.",
        )
    return plain
