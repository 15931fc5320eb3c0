"""`devcontainer install-shim`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from moorage.errors import MoorageError


@click.command("install-shim", epilog="Example: moorage devcontainer install-shim ~/.local/bin")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a `devcontainer` that is not from moorage.")
def command(folder: Path, force: bool) -> None:
    """Put a `devcontainer` that calls this moorage into DIR."""
    from moorage.cli.report import Output
    from moorage.cli.run import fail, open_reporter
    from moorage.compat.reference.shim import install, on_path

    try:
        path = install(folder, force=force)
    except MoorageError as error:
        fail(error, Output(), open_reporter(Output()))
    click.echo(f"{path} is moorage now.")
    if line := on_path(folder, os.environ.get("PATH", "")):
        click.echo(f"Let your shell find it first: {line}")
    click.echo("In VS Code, this folder has to be on the PATH that the editor is started with.")
