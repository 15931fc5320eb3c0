"""A command line read the way that the reference CLI reads its own: yargs in strict mode."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import click

from moorage.compat.reference import VERSION

_SWITCHED = ("true", "false")


class ReferenceCommand(click.Command):
    """Names also in camelCase, `--x true|false` for switches, and exit 1 with the usage for what is wrong.

    `verbatim`: the first word that is no flag begins somebody else's command, which is left alone.
    """

    def __init__(self, *args: Any, verbatim: bool = False, **kwargs: Any) -> None:
        kwargs["context_settings"] = {
            "help_option_names": ["--help"],
            "max_content_width": 100,
            "allow_interspersed_args": not verbatim,
        }
        super().__init__(*args, **kwargs)
        self.params.append(_version())
        self.verbatim = verbatim

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            rest = super().parse_args(ctx, list(self.settled(args)))
            _check_terminal(ctx.params)
            _check_lockfile(ctx.params)
            return rest
        except click.UsageError as error:
            misused(ctx, error.format_message())

    def settled(self, args: list[str]) -> Iterator[str]:
        """The arguments with each flag in one form, `--name=value`, whatever was written."""
        flags = {
            name: param
            for param in self.params
            for name in param.opts
            if _has_value(param) and name.startswith("--")
        }
        plain = {name for param in self.params if not _has_value(param) for name in param.opts}
        rest = list(args)
        while rest:
            word = rest.pop(0)
            name, equals, _ = word.partition("=")
            found = flags.get(kebab(name))
            if word == "--" or (self.verbatim and not word.startswith("-")):
                yield from (word, *rest)
                return
            if kebab(name) in plain:
                yield from _plain_switch(kebab(name), word, rest)
            elif equals or found is None:
                yield kebab(name) + word[len(name) :] if name.startswith("--") else word
            else:
                yield f"{kebab(name)}={_value(rest, switch=found.type is click.BOOL)}"


def _has_value(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not param.is_flag


def _check_terminal(values: dict[str, Any]) -> None:
    """Columns and rows are given together."""
    pair = ("terminal_columns", "terminal_rows")
    given = [name for name in pair if values.get(name) is not None]
    if len(given) == 1:
        names = [name.replace("_", "-") for name in (given[0], *(set(pair) - set(given)))]
        raise click.UsageError(f"Implications failed:\n {' -> '.join(names)}")


def _check_lockfile(values: dict[str, Any]) -> None:
    if values.get("no_lockfile") and values.get("frozen_lockfile"):
        raise click.UsageError("--no-lockfile and --frozen-lockfile are mutually exclusive.")


def misused(ctx: click.Context, message: str) -> NoReturn:
    """Wrong use: the usage and the reason on standard error, exit 1."""
    click.echo(f"{ctx.get_help()}\n\n{message}", err=True)
    sys.exit(1)


def _version() -> click.Option:
    """`--version`: the reference's version, for tools that compare it."""

    def show(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            click.echo(VERSION)
            ctx.exit()

    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print the version.",
    )


def kebab(name: str) -> str:
    """`--workspaceFolder` is `--workspace-folder`; what is spelled that way already stays as it is."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda match: f"-{match[0].lower()}", name)


def _plain_switch(name: str, word: str, rest: list[str]) -> Iterator[str]:
    """A switch of click's own kind: with `true` it stands alone, with `false` it is not there."""
    given = word.partition("=")[2] if "=" in word else _value(rest, switch=True)
    if given != "false":
        yield name


def _value(rest: list[str], *, switch: bool) -> str:
    """What follows a flag as its value, taken from `rest`; a switch takes only true and false."""
    if switch:
        return rest.pop(0) if rest and rest[0] in _SWITCHED else "true"
    return rest.pop(0) if rest and not rest[0].startswith("--") else ""
