"""`moorage doctor`: what this machine has, what it lacks, and what to do about it."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from moorage.cli.defaults import load_defaults
from moorage.cli.opening import opened
from moorage.cli.options import driver_options, output_options
from moorage.cli.report.plain import harmless, json_text
from moorage.cli.run import fail, run
from moorage.errors import EngineError, MoorageError
from moorage.workspace.doctor import Check, diagnose
from moorage.workspace.opening import parsed
from moorage.workspace.preferences import Preferences, file_of, load

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


@click.command("doctor", epilog="Example: moorage doctor --driver kubernetes")
@driver_options
@output_options
def doctor_command(**values: Any) -> None:
    """Check what moorage needs on this machine; say what to do where something is missing. Changes nothing.

    With --driver kubernetes it looks at the cluster in place of the engine: whether it is reached, what you
    may do there, storage and nodes. The exit code is 5 where workspaces cannot work, else 0.
    """
    output, reporter = opened(values)
    preferences, file = _preferences()
    try:
        driver = values["driver"]
        given = {**preferences.drivers.get(driver, {}), **values["driver_options"]}
        options = parsed(driver, given, os.environ.get("HOME", "/"))
    except MoorageError as error:
        fail(error, output, reporter)
    checks = (*run(diagnose(options, os.environ), output, reporter), file)
    failed = any(check.level == "fail" for check in checks)
    if output.result == "json":
        body = {"outcome": "failed" if failed else "success", "checks": checks}
        click.echo(json_text(body))
    else:
        _print(checks, only_wrong=output.quiet)
    sys.exit(EngineError.exit_code if failed else 0)


def _preferences() -> tuple[Preferences, Check]:
    """The user's file, and what is to be said of it; a broken one stops every other command."""
    file = file_of(os.environ)
    try:
        found = load(os.environ)
        load_defaults(os.environ)
        found.registries()
    except MoorageError as error:
        return Preferences(), Check(name="config.toml", level="fail", text=error.message, hint=error.hint)
    text = file if found.file else f"none at {file}; moorage's own defaults apply"
    return found, Check(name="config.toml", level="ok", text=text)


def _print(checks: tuple[Check, ...], *, only_wrong: bool) -> None:
    for check in checks:
        if only_wrong and check.level == "ok":
            continue
        click.echo(harmless(f"{_MARKS[check.level]} {check.name}: {check.text}"))
        if check.hint:
            click.echo(harmless(f"  → {check.hint}"))
