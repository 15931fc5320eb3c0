"""`moorage template`: what a platform team offers, looked at, checked, copied and brought up."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from moorage.cli.completion import complete_template
from moorage.cli.options import output_of, output_options
from moorage.cli.report.plain import harmless, json_text
from moorage.cli.run import fail, open_reporter
from moorage.cli.table import details, table
from moorage.cli.template_up import up_command
from moorage.errors import MoorageError
from moorage.events import Notice
from moorage.templates import folders
from moorage.templates.errors import BadTemplate
from moorage.templates.references import written
from moorage.templates.template import Setting, Template

if TYPE_CHECKING:
    from moorage.cli.report import Output


@click.group("template", epilog="Example: moorage template list")
def template_command() -> None:
    """Make workspaces from what a platform team offers: typed parameters over a driver's options.

    A template is a folder with a template.yaml and a README.md. NAME is one in the folder `templates` beside
    config.toml, one that is built in, or a path such as ./our-template.
    """


@template_command.command("list", epilog="Example: moorage template list --output json")
@output_options
def list_command(**values: Any) -> None:
    """List the templates that can be named: one's own and those that are built in."""
    output = output_of(values)
    found = folders.entries(os.environ)
    if output.result == "json":
        click.echo(json_text([_listed(each) for each in found]))
        return
    rows = [["NAME", "DRIVER", "WHERE", "DESCRIPTION"]]
    for each in found:
        known = each.template
        rows.append(
            [
                each.name,
                known.driver if known else "",
                each.origin,
                known.description if known else "(broken)",
            ]
        )
    click.echo(table(rows))
    reporter = open_reporter(output)
    for each in found:
        if each.fault:
            hint = f"Run `moorage template validate {each.name}`."
            reporter.emit(Notice(level="warning", code="bad-template", text=each.fault, hint=hint))


@template_command.command("show", epilog="Example: moorage template show docker-devcontainer")
@click.argument("name", shell_complete=complete_template)
@output_options
def show_command(name: str, **values: Any) -> None:
    """Show the template NAME: its parameters, its variables, and its README."""
    output, template = _loaded(name, values)
    text = folders.readme(template)
    if output.result == "json":
        body: dict[str, object] = {"outcome": "success", **msgspec.to_builtins(template), "readme": text}
        click.echo(json_text(body))
        return
    click.echo(details(_described(template)))
    for heading, settings in (("PARAMETER", template.parameters), ("VARIABLE", template.variables)):
        if settings:
            click.echo()
            click.echo(
                table([[heading, "TYPE", "DEFAULT", "VALUES", "CHANGES", "MEANING"], *_rows(settings)])
            )
    if text and not output.quiet:
        click.echo("\n" + "\n".join(harmless(line) for line in text.splitlines()))


@template_command.command("init", epilog="Example: moorage template init docker-devcontainer our-docker")
@click.argument("name", shell_complete=complete_template)
@click.argument("copy")
@output_options
def init_command(name: str, copy: str, **values: Any) -> None:
    """Copy the template NAME to go on from: to COPY among your own, or to a path such as ./COPY."""
    output = output_of(values)
    reporter = open_reporter(output)
    target = Path(copy) if "/" in copy else folders.own_folder(os.environ) / copy
    try:
        folders.checked_name(target.name)
        made = folders.copy(name, target, os.environ)
    except MoorageError as error:
        fail(error, output, reporter)
    if output.result == "json":
        click.echo(json_text({"outcome": "success", "name": made.name, "folder": str(made)}))
        return
    click.echo(harmless(f"The template {made.name} is in {made}; change its template.yaml and README.md."))


@template_command.command("validate", epilog="Example: moorage template validate ./our-template")
@click.argument("names", nargs=-1, metavar="NAME...", shell_complete=complete_template)
@output_options
def validate_command(names: tuple[str, ...], **values: Any) -> None:
    """Check templates as a whole (default: the one in this folder): every fault with its line and column."""
    output = output_of(values)
    reporter = open_reporter(output)
    good, faults = [], []
    for name in names or (".",):
        try:
            good.append(folders.load(name, os.environ))
        except MoorageError as error:
            faults.append(error)
    if faults:
        fail(_together(faults), output, reporter)
    if output.result == "json":
        click.echo(json_text({"outcome": "success", "templates": [each.name for each in good]}))
        return
    for each in good:
        count = f"{len(each.parameters)} parameters, {len(each.variables)} variables"
        click.echo(harmless(f"{each.name} is right: {count}, driver {each.driver}"))


template_command.add_command(up_command)


def _together(faults: list[MoorageError]) -> MoorageError:
    if len(faults) == 1:
        return faults[0]
    lines = tuple(line for each in faults for line in (each.message, *each.evidence))
    return BadTemplate(f"{len(faults)} templates are wrong.", evidence=lines, hint="Correct them.")


def _loaded(name: str, values: dict[str, Any]) -> tuple[Output, Template]:
    output = output_of(values)
    reporter = open_reporter(output)
    try:
        return output, folders.load(name, os.environ)
    except MoorageError as error:
        fail(error, output, reporter)


def _listed(entry: folders.Entry) -> dict[str, object]:
    known = entry.template
    body: dict[str, object] = {"name": entry.name, "origin": entry.origin, "folder": entry.folder}
    if known is None:
        return {**body, "fault": entry.fault}
    said = ("display_name", "description", "icon", "maintainer", "verified", "tags", "driver")
    return {**body, **{name: getattr(known, name) for name in said}}


def _described(template: Template) -> list[tuple[str, str]]:
    return [
        ("name", template.name),
        ("display name", template.display_name),
        ("description", template.description),
        ("tags", ", ".join(template.tags)),
        ("maintainer", template.maintainer + (" (verified)" if template.verified else "")),
        ("driver", template.driver),
        ("folder", template.folder),
    ]


def _rows(settings: Iterable[Setting]) -> list[list[str]]:
    return [
        [each.name, each.type, _default(each), _values(each), _changes(each), _meaning(each)]
        for each in settings
    ]


def _default(setting: Setting) -> str:
    return "(required)" if setting.required else written(setting.default) or "(none)"


def _values(setting: Setting) -> str:
    rule = setting.validation
    if setting.options:
        return ", ".join(written(choice.value) for choice in setting.options)
    if rule.min is not None or rule.max is not None:
        return f"{written(rule.min)}…{written(rule.max)}"
    return "true, false" if setting.type == "bool" else ""


def _changes(setting: Setting) -> str:
    if setting.kind == "variable":
        return ""
    if setting.ephemeral:
        return "one run"
    return setting.validation.monotonic or ("yes" if setting.mutable else "no")


def _meaning(setting: Setting) -> str:
    text = setting.description or setting.display_name
    return f"{text} (not yet: {setting.unavailable})" if setting.unavailable else text
