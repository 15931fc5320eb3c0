"""Finds and reads the devcontainer.json that decides, wherever it is (design section 1, Authority)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from moorage.devcontainer.discovery import SEARCH_PATTERNS, candidates, choose
from moorage.drivers.base import Inside
from moorage.engine.ustar import files
from moorage.errors import ConfigurationError, SourceError
from moorage.facts import bounded
from moorage.planner.questions import ConfigurationFile, ReadConfiguration

if TYPE_CHECKING:
    from pathlib import Path

FEATURES = b'"features"'
"""Without this text in it no devcontainer.json has Features."""


class FolderUnreadable(SourceError):
    """The folder exists, and may not be looked into."""

    code = "folder-unreadable"


class ConfigurationGone(ConfigurationError):
    """The workspace was made from a devcontainer.json that its own files no longer have."""

    code = "configuration-gone"


def in_folder(folder: str, wanted: str, override: str = "") -> ConfigurationFile:
    """The configuration of a folder of this machine, with the text of `override` where that is given.

    Raises the errors of discovery and FolderUnreadable.
    """
    try:
        found = candidates(_listed(folder, wanted))
        if override and not found:
            wanted = wanted or SEARCH_PATTERNS[0]
        chosen = choose(found, wanted or None, folder=folder)
        data = bounded.read(override or f"{folder}/{chosen.path}")
        lock = _lock(f"{folder}/{chosen.path}", data)
    except PermissionError as error:
        raise FolderUnreadable(
            f"{error.filename} cannot be read.",
            evidence=(str(error),),
            hint="Check who owns it and its permissions.",
        ) from error
    return ConfigurationFile(path=chosen.path, text=data, root=folder, lock=lock)


def lock_beside(path: Path, configuration: bytes) -> bytes | None:
    """The text of the lockfile beside a devcontainer.json; looked for only where there are Features."""
    if FEATURES not in configuration:
        return None
    try:
        return bounded.read(str(path.with_name(lock_name(path.name))))
    except FileNotFoundError:
        return None


def of_image(reference: str) -> ConfigurationFile:
    """The configuration that an image alone stands for."""
    return ConfigurationFile(path="devcontainer.json", text=msgspec.json.encode({"image": reference}))


async def in_workspace(inside: Inside, question: ReadConfiguration) -> ConfigurationFile:
    """The configuration as the workspace's own files have it now. Raises ConfigurationGone."""
    archive = await inside.read(f"{question.folder}/{question.path}")
    found = files(archive) if archive else {}
    if not found:
        raise gone(question)
    return ConfigurationFile(path=question.path, text=next(iter(found.values())), commit=question.commit)


def lock_name(configuration: str) -> str:
    """The lockfile's name: with a dot in front where the configuration's own name has one."""
    return ".devcontainer-lock.json" if configuration.startswith(".") else "devcontainer-lock.json"


def gone(question: ReadConfiguration) -> ConfigurationGone:
    """The error for a configuration that the workspace no longer has."""
    return ConfigurationGone(
        f"The workspace no longer has {question.path}, which it was made from.",
        evidence=(f"looked for {question.folder}/{question.path} in the container",),
        hint="Put it back in the workspace.",
    )


def _listed(folder: str, wanted: str) -> Iterator[str]:
    """The few places where a configuration may be; nothing else of the folder is looked at."""
    if _is_file(f"{folder}/.devcontainer.json"):
        yield ".devcontainer.json"
    if wanted and "/" in wanted and _is_file(os.path.join(folder, wanted)):  # noqa: PTH118
        yield wanted
    try:
        entries = sorted(os.scandir(f"{folder}/.devcontainer"), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.name == "devcontainer.json" and entry.is_file():
            yield ".devcontainer/devcontainer.json"
        elif entry.is_dir() and _is_file(f"{entry.path}/devcontainer.json"):
            yield f".devcontainer/{entry.name}/devcontainer.json"


def _lock(path: str, configuration: bytes) -> bytes | None:
    if FEATURES not in configuration:
        return None
    from pathlib import Path  # an unchanged `up` without Features does not need it

    return lock_beside(Path(path), configuration)


def _is_file(path: str) -> bool:
    """Unlike os.path.isfile it raises PermissionError."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return False
