"""How each command begins and ends: its log, its site, its one line of JSON, its exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn, TypeVar

import msgspec

from moorage.cli.report.plain import harmless, harmless_json, json_text
from moorage.cli.run import INTERRUPTED, cancelled_by_signals, defect
from moorage.compat.reference.failure import EXIT
from moorage.compat.reference.log import Log
from moorage.compat.reference.place import Place, place
from moorage.errors import MoorageError
from moorage.events import Notice, Redacting, failed
from moorage.workspace.opening import open_site
from moorage.workspace.site import Site

T = TypeVar("T")
Values = Mapping[str, Any]
Told = Callable[[MoorageError], Mapping[str, object] | None]


def reporter_of(values: Values, *, quiet: bool = False) -> Redacting:
    """The log that --log-level and --log-format ask for."""
    log = Log(
        sys.stderr,
        level=values.get("log_level") or "info",
        form=values.get("log_format") or "text",
        quiet=quiet,
        clean=harmless,
        json_text=json_text,
    )
    reporter = Redacting(log)
    if values.get("buildkit") == "never":
        text = "--buildkit never is noted: moorage builds with BuildKit wherever the engine has it."
        reporter.emit(Notice(level="warning", code="buildkit-never", text=text))
    for flag in ("experimental_lockfile", "experimental_frozen_lockfile"):
        if values.get(flag):
            name, now = (
                f"--{flag.replace('_', '-')}",
                "--frozen-lockfile" if "frozen" in flag else "the default",
            )
            text = f"{name} is deprecated: it is {now} now."
            reporter.emit(Notice(level="warning", code="deprecated-flag", text=text))
    return reporter


def site_of(values: Values, reporter: Redacting) -> AbstractAsyncContextManager[Site]:
    """The engine that --docker-path stands for: the plain `docker` means what is found by itself."""
    path = values.get("docker_path") or ""
    return open_site(reporter, options={"path": path} if path not in ("", "docker") else {})


def place_of(values: Values) -> Place:
    """Which project and container the flags mean."""
    return place(
        values.get("workspace_folder"),
        config=values.get("config"),
        override=values.get("override_config"),
        id_labels=values.get("id_label", ()),
        container=values.get("container_id"),
        git_root=values.get("mount_workspace_git_root", True),
        common_dir=values.get("mount_git_worktree_common_dir", False),
    )


def run(work: Coroutine[object, object, T], reporter: Redacting, told: Told = lambda error: None) -> T:
    """The result, or the end of the process with the failure logged, and printed as `told` has it."""
    try:
        return asyncio.run(cancelled_by_signals(work))
    except MoorageError as error:
        fail(error, reporter, told)
    except Exception as error:
        fail(defect(error), reporter, told)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(INTERRUPTED)


def fail(error: MoorageError, reporter: Redacting, told: Told = lambda error: None) -> NoReturn:
    """Log the failure, print what the command prints of it, and leave with exit code 1."""
    reporter.emit(failed(error, EXIT))
    body = told(error)
    if body is not None:
        printed(body, reporter)
    ended(EXIT)


def printed(body: Mapping[str, object], reporter: Redacting) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(harmless_json(reporter.text(msgspec.json.encode(body).decode())) + "\n")


def ended(code: int) -> NoReturn:
    """Leave at once: nothing is left to tidy up, and taking the interpreter apart costs its time."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
