"""The lifecycle commands, by the runner that every workspace of moorage has, and its rules for what is due.

Its journal lies in the root that was built: a new container, or one that was built anew, is a new create.
"""

from __future__ import annotations

import os
import pkgutil
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from moorage.devcontainer.lifecycle import Stage, stages
from moorage.devcontainer.metadata import Merged
from moorage.events import Event, LogLine, Notice, StepEnded, StepStarted
from moorage.inside.envbuilder.here import Here
from moorage.inside.envbuilder.repository import Say
from moorage.inside.envbuilder.users import Person
from moorage.lifecycle.hooks import HookRun, run_hooks
from moorage.spec import journal

INSTANCE = "envbuilder"
_START = "postStartCommand"
_ATTACH = "postAttachCommand"
_PROBE = "loginInteractiveShell"


class Teller:
    """Receives the hooks' events, as lines."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def emit(self, event: Event) -> None:
        match event:
            case StepStarted(title=title):
                self._say(f"{title}:")
            case LogLine(text=text):
                self._say(f"    {text}")
            case StepEnded(outcome="failed", detail=detail):
                self._say(f"Failed. {detail}".rstrip())
            case Notice(text=text, hint=hint):
                self._say(f"{text} {hint}".rstrip())
            case _:
                pass


def due(merged: Merged, *, without_start: bool) -> tuple[Stage, ...]:
    """The commands at a start; nobody attaches yet."""
    left_out = {_ATTACH, *([_START] if without_start else [])}
    return tuple(stage for stage in stages(merged) if stage.hook not in left_out)


def start_script(merged: Merged) -> str:
    """postStartCommand as a script for whoever runs it: one after another, ended by the first failure."""
    commands = [
        shlex.join(command.argv)
        for stage in stages(merged)
        if stage.hook == _START
        for command in stage.commands
    ]
    return "\n".join(["#!/bin/sh", "set -e", *commands, ""])


async def run(
    found: Sequence[Stage],
    merged: Merged,
    person: Person,
    folder: str,
    container: Mapping[str, str],
    say: Say,
) -> None:
    """All of them, before anything else starts. Raises what `run_hooks` raises."""
    if not found:
        return
    prepare(person)
    await run_hooks(
        Here(person, container),
        HookRun(
            instance=INSTANCE,
            started_at=str(time.time_ns()),
            user=person.name,
            folder=folder,
            stages=tuple(found),
            probe=merged.user_env_probe or _PROBE,
            container_environment=dict(container),
            remote_environment=tuple(merged.remote_env.items()),
        ),
        Teller(say),
    )


def prepare(person: Person) -> None:
    """The runner, and folders of the user's for its journal and logs."""
    runner = pkgutil.get_data("moorage.lifecycle", "runner.sh") or b""
    Path(journal.FOLDER).mkdir(mode=0o755, parents=True, exist_ok=True)
    Path(journal.LOGS).mkdir(mode=0o755, parents=True, exist_ok=True)
    Path(journal.RUNNER).write_bytes(runner)
    Path(journal.RUNNER).chmod(0o755)
    for folder in (journal.state(INSTANCE), journal.logs(INSTANCE)):
        Path(folder).mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, person.uid, person.gid)
    note = Path(journal.state(INSTANCE), "prepared")
    note.write_text("prepared\n")
    os.chown(note, person.uid, person.gid)
