"""Options that several commands share, and the values that they come to."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from moorage.cli.report import Output
from moorage.errors import UsageError
from moorage.planner.request import Host
from moorage.spec.source import Source, parse
from moorage.workspace.site import host

F = TypeVar("F", bound=Callable[..., Any])  # click's decorators take any signature


class BadPair(UsageError):
    """An option that takes NAME=VALUE was given something else."""

    code = "bad-pair"


def source_argument(command: F) -> F:
    """SOURCE: a folder, a Git URL or an image; the current folder by default."""
    return click.argument("source", default=".")(command)


def workspace_argument(command: F) -> F:
    """WORKSPACE: a name or a source; the current folder by default. Names are completed by the shell."""
    return click.argument("workspace", default=".", shell_complete=complete_name)(command)


def complete_name(ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
    """Names of workspaces, at the Tab key."""
    from moorage.cli.completion import complete_workspace  # no command that runs needs it

    return complete_workspace(ctx, param, incomplete)


def driver_options(command: F) -> F:
    """Which driver, and its options."""
    command = click.option(
        "-o",
        "--option",
        "driver_options",
        multiple=True,
        metavar="KEY=VALUE",
        help="An option of the driver.",
    )(command)
    return click.option("--driver", default="docker", show_default=True, help="Where the workspace runs.")(
        command
    )


def output_options(command: F) -> F:
    """How the result and the log are printed."""
    command = click.option("-q", "--quiet", is_flag=True, help="Print only warnings and the result.")(command)
    command = click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="Events on standard error: for people, or JSON lines.",
    )(command)
    return click.option(
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        help="The result on standard output: for people, or JSON.",
    )(command)


def output_of(values: dict[str, Any]) -> Output:
    """Take the options of `output_options` out of a command's values."""
    return Output(result=values.pop("output"), log=values.pop("log_format"), quiet=values.pop("quiet"))


def pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    """NAME=VALUE options as a mapping; the value may hold anything. Raises BadPair."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadPair(
                f"{option} takes NAME=VALUE, not {text!r}.", hint=f"Write {option} {name or 'NAME'}=…"
            )
        found[name] = value
    return found


def source_and_host(text: str) -> tuple[Source, Host]:
    """What the user named, and this machine. Raises BadSource, FolderGone."""
    environment = dict(os.environ)
    found = parse(
        text,
        cwd=os.getcwd(),  # noqa: PTH109  symbolic links as the user sees them
        is_folder=os.path.isdir,
        home=environment.get("HOME"),
        children=os.listdir,
    )
    return found, host(found, environment)
