"""Values for a template: from the command line, from a file, and from questions on a terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moorage.cli.options import F, pairs
from moorage.cli.report.plain import harmless
from moorage.errors import UsageError
from moorage.templates.choosing import Given
from moorage.templates.document import parse
from moorage.templates.references import written
from moorage.templates.template import Setting
from moorage.templates.values import BadValue, from_text, validated

if TYPE_CHECKING:
    from moorage.templates.bringing import Ask


class ParametersUnreadable(UsageError):
    """--parameters-file names a file that cannot be read."""

    code = "parameters-unreadable"


def value_options(command: F) -> F:
    """--parameter, --variable and --parameters-file."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_of(values: dict[str, Any]) -> Given:
    """What was given; the command line wins over the file.

    Raises ParametersUnreadable, BadTemplate, BadPair.
    """
    file = values.pop("parameters_file")
    listed = _file(file) if file else {}
    return Given(
        parameters={**listed, **pairs(values.pop("parameter"), "--parameter")},
        variables=dict(pairs(values.pop("variable"), "--variable")),
    )


def asker() -> Ask | None:
    """Whoever can be asked: only a person at a terminal, never a pipe."""
    return _ask if os.isatty(0) and os.isatty(2) else None


def _file(path: str) -> dict[str, object]:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ParametersUnreadable(
            f"{path} cannot be read: {error.strerror}.", hint="Correct the path after --parameters-file."
        ) from error
    return dict(parse(data, path).value)


def _ask(missing: tuple[Setting, ...]) -> dict[str, dict[str, str]]:
    answers: dict[str, dict[str, str]] = {}
    for setting in missing:
        answers.setdefault(setting.kind, {})[setting.name] = _asked(setting)
    return answers


def _asked(setting: Setting) -> str:
    if setting.description:
        click.echo(harmless(setting.description), err=True)
    for choice in setting.options:
        told = f": {choice.description or choice.name}" if choice.description or choice.name else ""
        click.echo(harmless(f"  {written(choice.value)}{told}"), err=True)
    while True:
        text: str = click.prompt(harmless(setting.title), type=str, err=True)
        try:
            validated(from_text(text, setting), setting)
        except BadValue as error:
            click.echo(harmless(f"{error}."), err=True)
        else:
            return text


_OPTIONS = (
    click.option(
        "-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A value for one of its parameters."
    ),
    click.option(
        "--parameters-file",
        type=click.Path(),
        metavar="FILE",
        help="YAML or JSON with parameters: NAME: VALUE. Those of the command line win.",
    ),
    click.option(
        "--variable", multiple=True, metavar="NAME=VALUE", help="A value for one of the platform's variables."
    ),
)
