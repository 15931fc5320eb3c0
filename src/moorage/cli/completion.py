"""`moorage completion`, and what completes the name of a workspace."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_PROGRAM = "moorage"
_VARIABLE = "_MOORAGE_COMPLETE"
_PATIENCE = 3.0
"""Seconds that a person waits for the engine at the Tab key."""

_EPILOG = """\b
Install it for good:
  bash  echo 'eval "$(moorage completion bash)"' >> ~/.bashrc
  zsh   echo 'eval "$(moorage completion zsh)"' >> ~/.zshrc
  fish  moorage completion fish > ~/.config/fish/completions/moorage.fish
"""


@click.command("completion", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options and names of workspaces of moorage."""
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell) or ShellComplete
    script = found(ctx.find_root().command, {}, _PROGRAM, _VARIABLE)
    click.echo(
        script.source_template % script.source_vars()
    )  # `source()` would first run bash for its version


def complete_workspace(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of workspaces; folders where a path was begun. Without an answer in time there is just none."""
    from click.shell_completion import CompletionItem

    del param
    if incomplete.startswith((".", "/", "~")):
        return [CompletionItem(incomplete, type="dir")]
    given = ctx.params.get("driver_options") or ()
    options = dict(text.partition("=")[::2] for text in given)
    found = _names(ctx.params.get("driver") or "docker", options)
    return [CompletionItem(name, help=source) for name, source in found if name.startswith(incomplete)]


def complete_template(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of templates; folders where a path was begun."""
    from click.shell_completion import CompletionItem

    from moorage.templates.folders import entries

    del ctx, param
    if incomplete.startswith((".", "/", "~")):
        return [CompletionItem(incomplete, type="dir")]
    found = ((each.name, each.template.description if each.template else "") for each in entries(os.environ))
    return [CompletionItem(name, help=text) for name, text in found if name.startswith(incomplete)]


def _names(driver: str, options: dict[str, str]) -> list[tuple[str, str]]:
    try:
        return asyncio.run(_listed(driver, options))
    except Exception:  # whatever is wrong, the Tab key is not the place to tell it
        return []


async def _listed(driver: str, options: dict[str, str]) -> list[tuple[str, str]]:
    from moorage.events import Redacting, Silent
    from moorage.workspace.find import place, shown_source
    from moorage.workspace.opening import open_site

    options.pop("install", None)  # completing a word changes nothing
    async with (
        asyncio.timeout(_PATIENCE),
        open_site(Redacting(Silent()), driver=driver, options=options) as site,
    ):
        me = place(dict(os.environ)).owner
        return [(each.name, shown_source(each)) for each in await site.driver.list() if each.owner == me]
