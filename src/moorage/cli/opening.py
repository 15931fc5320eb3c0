"""How every command begins: its shared options taken out of its values, and the site that they lead to."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from moorage.cli.options import output_of, pairs
from moorage.cli.report import Output
from moorage.cli.run import fail, open_reporter
from moorage.errors import MoorageError
from moorage.events import Redacting
from moorage.workspace.opening import open_site
from moorage.workspace.site import Site


def opened(values: dict[str, Any], output: Output | None = None) -> tuple[Output, Redacting]:
    """Where this command prints and reports; a wrong driver option ends it here."""
    output = output or output_of(values)
    reporter = open_reporter(output)
    try:
        values["driver_options"] = pairs(values["driver_options"], "-o")
    except MoorageError as error:
        fail(error, output, reporter)
    return output, reporter


def site_of(values: dict[str, Any], reporter: Redacting) -> AbstractAsyncContextManager[Site]:
    """The site that the driver's options lead to."""
    return open_site(reporter, driver=values["driver"], options=values["driver_options"])
