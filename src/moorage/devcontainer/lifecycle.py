"""The order of the lifecycle commands, and which of them have to end before tools may connect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from moorage.devcontainer.metadata import Hook, Merged
from moorage.devcontainer.properties import HookValue, WaitFor

HookName: TypeAlias = Literal[
    "initializeCommand",
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
]

INITIALIZE: HookName = "initializeCommand"
"""Runs on the host, at every `up`, before anything else."""

HOOKS: tuple[HookName, ...] = (
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
)
"""The hooks inside the container, in their order. Dotfiles come between postCreate and postStart."""

CREATE_HOOKS = HOOKS[:3]
"""Those that run once in the life of a container."""

DEFAULT_WAIT_FOR: WaitFor = "updateContentCommand"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One program to run, of the hook's value number `index`; `key` is its name in an object of commands."""

    hook: HookName
    index: int
    origin: str
    key: str | None = None
    argv: tuple[str, ...]


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a hook: its commands run side by side; stages run one after the other."""

    hook: HookName
    index: int
    origin: str
    commands: tuple[Command, ...]


def stages(merged: Merged) -> tuple[Stage, ...]:
    """All stages inside the container in the order in which they run; empty commands are left out."""
    by_hook = (
        merged.on_create_commands,
        merged.update_content_commands,
        merged.post_create_commands,
        merged.post_start_commands,
        merged.post_attach_commands,
    )
    return tuple(
        stage for hook, values in zip(HOOKS, by_hook, strict=True) for stage in _stages(hook, values)
    )


def keyed(stage: Stage, key: str) -> tuple[tuple[str, Command], ...]:
    """The commands by their keys in the journal; `key` is the stage's, and that of its only command."""
    if len(stage.commands) == 1:
        return ((key, stage.commands[0]),)
    return tuple((f"{key}/{_name(command, place)}", command) for place, command in enumerate(stage.commands))


def digest(argv: tuple[str, ...]) -> str:
    """By which a command is known to be the one that ran, without keeping what is written in it."""
    from hashlib import sha256

    return sha256("\0".join(argv).encode(errors="surrogatepass")).hexdigest()[:16]


def initialize(value: HookValue | None) -> Stage | None:
    """The stage on the host, of a configuration's `initialize_command`."""
    return next(_stages(INITIALIZE, [Hook("devcontainer.json", value)] if value else []), None)


def split(found: Iterable[Stage], wait_for: WaitFor | None) -> tuple[tuple[Stage, ...], tuple[Stage, ...]]:
    """The stages that `up` waits for, and those that may go on after it returned."""
    wanted = wait_for or DEFAULT_WAIT_FOR
    last = HOOKS.index(wanted) if wanted in HOOKS else -1
    ordered = tuple(found)
    before = tuple(stage for stage in ordered if stage.hook in HOOKS[: last + 1])
    return before, ordered[len(before) :]


def _stages(hook: HookName, values: Iterable[Hook]) -> Iterator[Stage]:
    for index, given in enumerate(values):
        found = tuple(
            Command(hook=hook, index=index, origin=given.origin, key=key, argv=argv)
            for key, argv in _programs(given.value)
            if argv
        )
        if found:
            yield Stage(hook=hook, index=index, origin=given.origin, commands=found)


def _programs(value: HookValue) -> Iterable[tuple[str | None, tuple[str, ...]]]:
    if isinstance(value, dict):
        return ((key, _argv(command)) for key, command in value.items())
    return ((None, _argv(value)),)


def _argv(command: str | tuple[str, ...]) -> tuple[str, ...]:
    """A text is a shell's, a list is the program itself; an empty one is nothing."""
    if isinstance(command, str):
        return ("/bin/sh", "-c", command) if command.strip() else ()
    return command if any(command) else ()


def _name(command: Command, place: int) -> str:
    return " ".join((command.key or str(place)).split())
