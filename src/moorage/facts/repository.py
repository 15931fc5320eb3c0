"""Reads a Git source before it is cloned: which commit, which configuration, and its files for a build."""

from __future__ import annotations

import shutil
from pathlib import Path

from moorage.devcontainer.discovery import candidates, choose
from moorage.events import Notice, Reporter
from moorage.facts.configuration import FEATURES, lock_name
from moorage.git.cache import Checkout, fetch
from moorage.git.client import ls_remote
from moorage.git.materialise import materialise
from moorage.planner.questions import ConfigurationFile
from moorage.spec.source import GitSource, display

_NEEDS_FILES = (b"dockerfile", b"dockerFile", b"dockerComposeFile", b"initializeCommand")
_LOCAL_FEATURE = (b'"./', b'"../')
_KEPT = 5


async def read(source: GitSource, wanted: str, cache: Path, reporter: Reporter) -> ConfigurationFile:
    """The configuration at the commit that the source means now, pinned from here on.

    Where it builds or runs something from the repository, the files of that commit are put into the cache.
    Raises what the git room and discovery raise.
    """
    resolved = await ls_remote(source)
    checkout = await fetch(source, str(cache), resolved=resolved)
    for note in checkout.notes:
        reporter.emit(Notice(level="fallback", code="git", text=note))
    top = f"{resolved.subfolder}/" if resolved.subfolder else ""
    below = [name.removeprefix(top) for name in checkout.files if name.startswith(top)]
    chosen = choose(candidates(below), wanted or None, folder=display(source))
    text = await checkout.read(top + chosen.path)
    root = ""
    if _needs_files(text):
        root = str(Path(await _files(checkout, cache), resolved.subfolder or ""))
    lock = await _lock(checkout, top + chosen.path) if FEATURES in text else None
    return ConfigurationFile(path=chosen.path, text=text, root=root, commit=checkout.commit, lock=lock)


def _needs_files(text: bytes) -> bool:
    if any(word in text for word in _NEEDS_FILES):
        return True
    return FEATURES in text and any(word in text for word in _LOCAL_FEATURE)


async def _lock(checkout: Checkout, configuration: str) -> bytes | None:
    folder, _, name = configuration.rpartition("/")
    path = f"{folder}/{lock_name(name)}" if folder else lock_name(name)
    return await checkout.read(path) if path in checkout.files else None


async def _files(checkout: Checkout, cache: Path) -> str:
    """All files of the commit in a folder of the cache; made once, the oldest ones go."""
    folder = cache / "trees" / checkout.commit
    if folder.is_dir():
        return str(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    others = sorted(folder.parent.iterdir(), key=lambda each: each.stat().st_mtime)
    for old in others[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    try:
        return await materialise(checkout, None, str(folder))
    except FileExistsError:
        return str(folder)
