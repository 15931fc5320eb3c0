"""The `moorage` command: its subcommands are loaded only when they are called or listed."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import click

from moorage import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "up": ("up", "Bring a workspace about, or finish what was begun"),
    "plan": ("plan", "Show what up would do and why; change nothing"),
    "exec": ("execute", "Run a command inside a workspace"),
    "shell": ("execute", "Open a shell inside a workspace"),
    "start": ("state", "Start a stopped workspace"),
    "stop": ("state", "Stop a workspace; its files stay"),
    "restart": ("state", "Stop a workspace and start it again"),
    "delete": ("state", "Remove a workspace and all that belongs to it"),
    "list": ("listing", "List workspaces"),
    "status": ("listing", "Show one workspace in detail"),
    "logs": ("logs", "Show what the hooks of a workspace printed"),
    "why": ("logs", "Name the cause of the last failure"),
    "sync": ("sync", "Copy later changes of an uploaded folder, up or down"),
    "forward": ("forward", "Make ports of a workspace available on this machine"),
    "template": ("template", "Make workspaces from what a platform team offers"),
    "update": ("update", "Change the parameters of a workspace that was made from a template"),
    "build": ("build", "Build the image of a configuration, and push it if asked"),
    "gc": ("gc", "Remove images and caches that no workspace uses"),
    "doctor": ("doctor", "Check this machine and say what to do"),
    "config": ("config", "Show a configuration as moorage understands it"),
    "features": ("features", "Test, package, publish and look up Features"),
    "devcontainer": ("devcontainer.main", "What the reference CLI `devcontainer` offers, done by moorage"),
    "kubernetes": ("kubernetes", "Print the rights that users of a cluster need"),
    "runtime": ("runtime", "Build and publish the tree that carries moorage into any image"),
    "completion": ("completion", "Print the completion script for a shell"),
}
DEFAULTED = ("up", "plan", "build")
"""The commands whose options may have defaults in config.toml."""


class _Lazy(click.Group):
    """A group that knows its commands by name and imports one only to run it (design promise 10)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"moorage.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        return command if isinstance(command, click.Command) else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click's own, without loading every command for a line of help."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items()]
        own = [item for item in found if item.value.startswith(incomplete)]
        return [*own, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = not args or args[0] in COMMANDS or args[0].startswith("-")
        if not known and not ctx.resilient_parsing:
            from moorage.devcontainer.spelling import did_you_mean

            ctx.fail(f"There is no command {args[0]!r}. {did_you_mean(args[0], COMMANDS)}".strip())
        if args and args[0] in DEFAULTED and not ctx.resilient_parsing:
            ctx.default_map = _defaults(args)
        if args[:2] == ["template", "up"] and not ctx.resilient_parsing:
            ctx.default_map = {"template": _defaults(args)}
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: moorage up . && moorage shell .",
)
@click.version_option(__version__, prog_name="moorage", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn any repository with a devcontainer.json into a running workspace."""


def _defaults(args: list[str]) -> dict[str, Any]:
    """The user's own defaults; help is printed without them, also where their file is broken."""
    if "--help" in args or "-h" in args:
        return {}
    from moorage.cli.defaults import load_defaults
    from moorage.errors import MoorageError

    try:
        return dict.fromkeys(DEFAULTED, load_defaults(os.environ))
    except MoorageError as error:
        from moorage.cli.report import Output
        from moorage.cli.run import fail, open_reporter

        output = Output(result=_given(args, "--output"), log=_given(args, "--log-format"))
        fail(error, output, open_reporter(output))


def _given(args: list[str], option: str) -> Literal["text", "json"]:
    """How to print an error that comes before the options are parsed."""
    joined = "\0".join(args)
    return "json" if f"{option}=json" in args or f"{option}\0json" in joined else "text"
