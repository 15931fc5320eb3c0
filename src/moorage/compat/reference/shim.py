"""A `devcontainer` program that is this moorage, for editors and CI that call the reference CLI by name."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from moorage.errors import UsageError

NAME = "devcontainer"
_MARK = "# made by `moorage devcontainer install-shim`"


class ShimInTheWay(UsageError):
    """The folder has a `devcontainer` that moorage has not put there."""

    code = "shim-in-the-way"


class ShimFolderUnusable(UsageError):
    """The folder cannot be made or written to."""

    code = "shim-folder"


def install(folder: Path, *, force: bool = False, interpreter: str = sys.executable) -> Path:
    """Write the program into the folder, which is made where it is missing; one of ours is replaced.

    It is complete or not there at all. Raises ShimInTheWay, ShimFolderUnusable.
    """
    path = folder.absolute() / NAME
    draft = path.with_name(f".{NAME}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not force and not _is_ours(path):
            raise ShimInTheWay(
                f"{path} is there already, and not from moorage.",
                hint="Choose another folder, or replace it with --force.",
            )
        draft.write_text(program(interpreter), encoding="utf-8", errors="surrogateescape")
        draft.chmod(0o755)
        draft.replace(path)
    except OSError as error:
        raise ShimFolderUnusable(
            f"{folder} cannot be written to: {error.strerror or error}.", hint="Choose another folder."
        ) from error
    return path


def program(interpreter: str) -> str:
    """A shell script, because the line after #! takes no path with spaces in it."""
    return f'#!/bin/sh\n{_MARK}\nexec {shlex.quote(interpreter)} -m moorage devcontainer "$@"\n'


def on_path(folder: Path, search: str) -> str:
    """What is still to do so that the shell finds it first; "" where it does."""
    folders = [entry for entry in search.split(os.pathsep) if entry]
    place = str(folder.absolute())
    earlier = [entry for entry in folders[: _index(folders, place)] if (Path(entry) / NAME).exists()]
    if place in folders and not earlier:
        return ""
    return f'export PATH={shlex.quote(place)}:"$PATH"'


def _index(folders: list[str], place: str) -> int:
    return folders.index(place) if place in folders else len(folders)


def _is_ours(path: Path) -> bool:
    """Nothing is in the way, or only what an earlier call has written."""
    if not path.exists() and not path.is_symlink():
        return True
    try:
        return _MARK in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
