"""The group of the reference CLI's commands; one is loaded only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from moorage.cli.devcontainer.parsing import misused
from moorage.compat.reference import VERSION

COMMANDS = {
    "up": ("up", "Make and run a dev container"),
    "set-up": ("set_up", "Make a container that exists a dev container"),
    "build": ("build", "Build the image of a dev container"),
    "run-user-commands": ("run_user_commands", "Run the hooks of a dev container"),
    "read-configuration": ("read_configuration", "Print the configuration"),
    "outdated": ("outdated", "Compare the versions of Features with what there is"),
    "upgrade": ("upgrade", "Write the lockfile anew"),
    "features": ("features", "Test, package, publish and look up Features"),
    "templates": ("templates", "Apply, publish and look up templates"),
    "exec": ("execute", "Run a command in a running dev container"),
    "install-shim": ("install_shim", "Put a `devcontainer` that is moorage into a folder"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command = import_module(f"moorage.cli.devcontainer.{module}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            misused(error.ctx or ctx, error.format_message())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            misused(ctx, "Not enough non-option arguments: got 0, need at least 1")
        if not args[0].startswith("-") and args[0] not in COMMANDS:
            misused(ctx, f"Unknown argument: {args[0]}")
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            misused(ctx, error.format_message())


@click.group(cls=_Commands, context_settings={"help_option_names": ["--help"], "max_content_width": 100})
@click.version_option(VERSION, message="%(version)s")
def devcontainer_command() -> None:
    """What the Dev Containers reference CLI offers, done by moorage."""


def main() -> None:
    """The `devcontainer` of the shim."""
    devcontainer_command.main(args=sys.argv[1:], prog_name="devcontainer")
