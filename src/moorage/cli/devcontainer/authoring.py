"""The commands for authors in the reference CLI's way: its flags for the log, exit code 1."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import reporter_of, run
from moorage.events import Redacting

F = TypeVar("F", bound=Callable[..., Any])  # click's decorators take any signature
T = TypeVar("T")


def retold(command: click.Command, flag: f.Flag[Any]) -> None:
    """Put a flag in the place of one with the same name, which is another in the reference."""
    new = flag(click.Command(command.name)).params[-1]
    command.params = [new if param.name == new.name else param for param in command.params]


LEVEL = f.choice("log-level", "How much is told on standard error.", ("info", "debug", "trace"), "info")


class Reference:
    """The style of `devcontainer features` and `devcontainer templates`."""

    command: type[click.Command] = ReferenceCommand

    def options(self, command: F) -> F:
        flagged: F = LEVEL(command)
        return flagged

    def reporter(self, values: Mapping[str, Any]) -> Redacting:
        return reporter_of(values, quiet=True)

    def run(self, work: Coroutine[object, object, T], reporter: Redacting) -> T:
        return run(work, reporter)
