"""The options of `up`, `plan` and `build` that decide the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from click.core import ParameterSource

from moorage.cli.options import F


def request_options(command: F) -> F:
    """What decides the workspace: identity, environment, mounts, personal things."""
    for option in reversed(_REQUEST):
        command = option(command)
    return command


def build_options(command: F) -> F:
    """What a build needs from outside."""
    for option in reversed(_BUILD):
        command = option(command)
    return command


class Added(click.Option):
    """A list: values of the command line come after those of config.toml, and win by name."""

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, click.Parameter]
    ) -> tuple[Any, ParameterSource]:
        value, source = super().consume_value(ctx, opts)
        if source is ParameterSource.COMMANDLINE and self.name is not None:
            value = (*(ctx.lookup_default(self.name) or ()), *value)
        return value, source


_REQUEST = (
    click.option("--name", help="The workspace's name; the source's own by default."),
    click.option("--config", metavar="ID|PATH", help="Which devcontainer.json, where there are several."),
    click.option(
        "--env",
        cls=Added,
        multiple=True,
        metavar="NAME=VALUE",
        help="Set in the container, for every process.",
    ),
    click.option(
        "--remote-env",
        cls=Added,
        multiple=True,
        metavar="NAME=VALUE",
        help="Set for hooks and tools; wins over the file.",
    ),
    click.option(
        "--mount",
        cls=Added,
        multiple=True,
        metavar="TYPE=…",
        help="A further mount, as docker run takes it.",
    ),
    click.option("--dotfiles", metavar="REPOSITORY", help="Install these dotfiles: owner/repo or a Git URL."),
    click.option("--dotfiles-target", metavar="FOLDER", help="Where dotfiles go [default: ~/dotfiles]."),
    click.option("--dotfiles-install-command", metavar="COMMAND", help="How dotfiles are installed."),
    click.option(
        "--secrets-file", type=click.Path(), metavar="FILE", help="JSON of secrets for hooks; never stored."
    ),
    click.option("--hook-timeout", type=float, metavar="SECONDS", help="Limit for each lifecycle command."),
    click.option(
        "--allow-host-commands", is_flag=True, help="Let a cloned repository run its initializeCommand here."
    ),
    click.option("--submodules", is_flag=True, help="Clone submodules too."),
    click.option("--lfs", is_flag=True, help="Fetch Git LFS files too."),
)

_BUILD = (
    click.option(
        "--build-secret",
        cls=Added,
        multiple=True,
        metavar="id=ID,src=FILE|env=NAME",
        help="A secret for RUN --mount.",
    ),
    click.option(
        "--ssh",
        cls=Added,
        multiple=True,
        metavar="default|ID=PATH",
        help="An SSH agent or key for the build.",
    ),
    click.option(
        "--feature",
        cls=Added,
        multiple=True,
        metavar="REFERENCE[=JSON]",
        help="A Feature beside the file's own, with its options.",
    ),
    click.option(
        "--frozen-lockfile", is_flag=True, help="Fail where devcontainer-lock.json is missing or changes."
    ),
    click.option("--no-lockfile", is_flag=True, help="Neither read nor write devcontainer-lock.json."),
)
