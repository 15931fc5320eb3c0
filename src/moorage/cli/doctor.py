"""`moorage doctor`."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import msgspec

from moorage.cli.defaults import load_defaults
from moorage.cli.opening import opened, site_of
from moorage.cli.options import driver_options, output_options
from moorage.cli.run import run
from moorage.errors import EngineError, MoorageError
from moorage.events import Redacting
from moorage.workspace.doctor import Check, engine_checks, machine_checks, missing_engine
from moorage.workspace.preferences import file_of

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


@click.command("doctor", epilog="Example: moorage doctor")
@driver_options
@output_options
def doctor_command(**values: Any) -> None:
    """Check what moorage needs on this machine; say what to do where something is missing.

    The exit code is 5 where workspaces cannot work, else 0.
    """
    output, reporter = opened(values)
    checks = run(_checks(values, reporter), output, reporter)
    if output.result == "json":
        click.echo(msgspec.json.encode(checks))
    else:
        for check in checks:
            click.echo(f"{_MARKS[check.level]} {check.name}: {check.text}")
            if check.hint:
                click.echo(f"  → {check.hint}")
    sys.exit(EngineError.exit_code if any(check.level == "fail" for check in checks) else 0)


async def _checks(values: dict[str, Any], reporter: Redacting) -> tuple[Check, ...]:
    try:
        async with site_of(values, reporter) as site:
            engine = await engine_checks(site)
    except EngineError as error:
        engine = (missing_engine(error),)
    return (*engine, *await machine_checks(os.environ), _defaults())


def _defaults() -> Check:
    file = file_of(os.environ)
    try:
        found = load_defaults(os.environ)
    except MoorageError as error:
        return Check(name="defaults", level="warn", text=error.message, hint=error.hint)
    return Check(name="defaults", level="ok", text=file if found else f"none in {file}")
