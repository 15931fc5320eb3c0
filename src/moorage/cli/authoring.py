"""What the commands for authors share: how they begin and end, in one of two ways."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

import click
import msgspec

from moorage.cli.report import Output
from moorage.cli.report.plain import json_text
from moorage.cli.run import open_reporter
from moorage.cli.run import run as run_own
from moorage.devcontainer.warnings import Warning
from moorage.errors import UsageError
from moorage.events import Notice, Redacting

F = TypeVar("F", bound=Callable[..., Any])  # click's decorators take any signature
T = TypeVar("T")


class BadJson(UsageError):
    """An option that takes JSON was given something else."""

    code = "bad-json"


class Style(Protocol):
    """One way of commands: their class, the options of their log, how they report, and how they end."""

    command: type[click.Command]

    def options(self, command: F) -> F: ...

    def reporter(self, values: Mapping[str, Any]) -> Redacting: ...

    def run(self, work: Coroutine[object, object, T], reporter: Redacting) -> T: ...


class Own:
    """moorage's own way: events on standard error, exit codes by the class of the failure."""

    command = click.Command

    def options(self, command: F) -> F:
        command = click.option("-q", "--quiet", is_flag=True, help="Print only warnings and the result.")(
            command
        )
        return click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            help="Events on standard error: for people, or JSON lines.",
        )(command)

    def reporter(self, values: Mapping[str, Any]) -> Redacting:
        return open_reporter(Output(log=values["log_format"], quiet=values["quiet"]))

    def run(self, work: Coroutine[object, object, T], reporter: Redacting) -> T:
        wants_json = click.get_current_context().params.get("output_format") == "json"
        return run_own(work, Output(result="json" if wants_json else "text"), reporter)


def told(reporter: Redacting) -> Callable[[Warning], None]:
    """Warnings of the pure rooms as notices."""

    def tell(warning: Warning) -> None:
        reporter.emit(Notice(level=warning.level, code=warning.code, text=warning.text, hint=warning.hint))

    return tell


def from_json(text: str, kind: type[T], option: str) -> T:
    """The value of an option that takes JSON. Raises BadJson."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadJson(
            f"{option} takes JSON: {error}", hint=f"Write {option} '…' with quotes around it."
        ) from None


def printed(value: object, *, indent: int = 0) -> None:
    """JSON on standard output."""
    text = json_text(value)
    click.echo(msgspec.json.format(text, indent=indent) if indent else text)
