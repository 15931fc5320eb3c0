"""Writes what Features were resolved to beside the devcontainer.json, for the next one to find the same."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from moorage.events import Notice
from moorage.planner.learning import Result
from moorage.planner.steps import WriteLockfile
from moorage.workspace.site import Site


def write_lockfile(site: Site, step: WriteLockfile) -> Result:
    """Put the new text in the old one's place. Where nobody may write that, only the pin is lost."""
    path = Path(step.path)
    try:
        _replace(path, step.text)
    except OSError as error:
        site.reporter.emit(
            Notice(
                level="warning",
                code="lockfile-not-written",
                text=f"{path} could not be written: {error.strerror}.",
                hint="Make its folder writable, or say --no-lockfile.",
            )
        )
    return Result()


def _replace(path: Path, text: str) -> None:
    """Written beside and renamed, with the mode that it had or that the umask gives."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(beside).chmod(mode)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
