"""The reference CLI's flags, in the blocks that its commands share (reference: specification notes, 6.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])  # click's decorators take any signature
Flag = Callable[[F], F]

_PAIR = r".+=.+"
_PAIR_OR_EMPTY = r".+=.*"
_MOUNT = r"type=(bind|volume),source=([^,]+),target=([^,]+)(,external=(true|false))?"
_PROBES = ("none", "loginInteractiveShell", "interactiveShell", "loginShell")
_LEVELS = ("info", "debug", "trace")


def flags(*blocks: tuple[Flag[Any], ...]) -> Callable[[F], F]:
    """Give a command these flags, in this order."""

    def decorate(command: F) -> F:
        for flag in reversed([flag for block in blocks for flag in block]):
            command = flag(command)
        return command

    return decorate


def text(
    name: str, help: str, default: str | None = None, *, hidden: bool = False, required: bool = False
) -> Flag[Any]:
    """A flag with a value; of several the last counts."""
    given: dict[str, Any] = (
        {} if default is None else {"default": default}
    )  # one of None would satisfy `required`
    return click.option(f"--{name}", **given, show_default=True, hidden=hidden, required=required, help=help)


def many(name: str, help: str, form: str = "", shown: str = "") -> Flag[Any]:
    """A flag that may be repeated; each value has to match `form`, which errors call `shown`."""

    def check(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if form and not re.fullmatch(form, value, re.DOTALL):
                raise click.UsageError(f"Unmatched argument format: {name} must match {shown}")
        return values

    return click.option(f"--{name}", multiple=True, callback=check, help=help)


def switch(name: str, help: str, default: bool | None = False, *, hidden: bool = False) -> Flag[Any]:
    """A flag that is on or off: `--x`, `--x true`, `--x false`."""
    return click.option(f"--{name}", type=bool, default=default, show_default=True, hidden=hidden, help=help)


def choice(name: str, help: str, choices: tuple[str, ...], default: str | None = None) -> Flag[Any]:
    """A flag with one of these values."""
    return click.option(
        f"--{name}", type=click.Choice(choices), default=default, show_default=True, help=help
    )


def number(name: str, help: str) -> Flag[Any]:
    """A whole number."""
    return click.option(f"--{name}", type=int, help=help)


USER_DATA = (text("user-data-folder", "Accepted; moorage keeps nothing there."),)
DOCKER_PATH = (text("docker-path", "The engine's command line: docker, podman, or a path."),)
COMPOSE_PATH = (text("docker-compose-path", "The Compose command line."),)
CONTAINER_DATA = (
    text("container-data-folder", "Where in the container notes of finished hooks are [~/.devcontainer]."),
    text("container-system-data-folder", "Accepted; moorage changes no system files."),
)
SESSION_DATA = (text("container-session-data-folder", "Accepted; the container's journal has the cache."),)
CONTAINER_ID = (text("container-id", "The container, by name or id."),)
WORKSPACE_FOLDER = (text("workspace-folder", "The project's folder; the current one by default."),)
CONFIG = (text("config", "The devcontainer.json, where it is not found by itself."),)
GIT_ROOT = (
    switch("mount-workspace-git-root", "Mount the whole repository of the folder.", True),
    switch("mount-git-worktree-common-dir", "Mount the main repository of a linked worktree too."),
)
ID_LABEL = (many("id-label", "A label by which the container is known.", _PAIR, "<name>=<value>"),)
OVERRIDE = (text("override-config", "A devcontainer.json to read in the place of the project's own."),)
WORKSPACE = (*WORKSPACE_FOLDER, *GIT_ROOT, *ID_LABEL, *CONFIG, *OVERRIDE)
LOGGING = (
    choice("log-level", "How much is told on standard error.", _LEVELS, "info"),
    choice("log-format", "How it is told.", ("text", "json"), "text"),
)
TERMINAL = (
    number("terminal-columns", "Columns of the terminal that output is for."),
    number("terminal-rows", "Rows of the terminal that output is for."),
)
PROBE = (
    choice(
        "default-user-env-probe",
        "The userEnvProbe of a configuration without one.",
        _PROBES,
        "loginInteractiveShell",
    ),
)
REMOTE_ENV = (many("remote-env", "A variable for hooks and commands.", _PAIR_OR_EMPTY, "<name>=<value>"),)
MOUNTS = (
    many(
        "mount",
        "A further mount.",
        _MOUNT,
        "type=<bind|volume>,source=<source>,target=<target>[,external=<true|false>]",
    ),
)
MAPPING = (switch("skip-feature-auto-mapping", "Take short names of Features as they are.", hidden=True),)
FEATURES = (text("additional-features", "Further Features, as JSON."), *MAPPING)
LOCKFILE = (
    switch("no-lockfile", "Neither read nor write the lockfile."),
    switch("frozen-lockfile", "Fail unless the lockfile is there and stays as it is."),
    switch("experimental-lockfile", "Deprecated: the lockfile is written anyway.", hidden=True),
    switch("experimental-frozen-lockfile", "Deprecated: use --frozen-lockfile.", hidden=True),
)
DOTFILES = (
    text("dotfiles-repository", "A Git repository of dotfiles: a URL, or owner/repository."),
    text("dotfiles-install-command", "The command in it that installs them."),
    text("dotfiles-target-path", "Where they are cloned to.", "~/dotfiles"),
)
SKIP_POST_CREATE = (switch("skip-post-create", "Run no hooks and install no dotfiles."),)
SKIP_NON_BLOCKING = (switch("skip-non-blocking-commands", "Stop after the hook that waitFor names."),)
PREBUILD = (switch("prebuild", "Stop after updateContentCommand, which runs again if it has run."),)
SKIP_POST_ATTACH = (switch("skip-post-attach", "Do not run postAttachCommand."),)
SECRETS = (text("secrets-file", "JSON of secret variables for hooks."),)
INCLUDE = (
    switch("include-configuration", "Put the configuration into the result."),
    switch("include-merged-configuration", "Put the merged configuration into the result."),
)
BUILDING = (
    many("cache-from", "An image whose layers may be reused."),
    text("cache-to", "Where layers are kept for later builds."),
    choice("buildkit", "Whether BuildKit may be used.", ("auto", "never"), "auto"),
)
SYNTAX = (switch("omit-syntax-directive", "Accepted; moorage writes no syntax line.", hidden=True),)
