"""Every flag of the reference CLI is one of ours, with the same choices, default and short name."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from moorage.cli.devcontainer.main import COMMANDS, devcontainer_command

LIST: dict[str, dict[str, dict[str, object]]] = json.loads(
    Path(__file__).with_name("reference_flags.json").read_text()
)
"""From the npm package's `--help`; tests/integration/compat/test_help.py says whether it still is that."""

_HERE = ("", ".")
"""What a folder is by default, said as a default or in words."""

HIDDEN = {
    "up": (
        "skip-feature-auto-mapping", "experimental-lockfile", "experimental-frozen-lockfile",
        "omit-config-remote-env-from-metadata", "omit-syntax-directive",
    ),
    "build": (
        "skip-feature-auto-mapping", "experimental-lockfile", "experimental-frozen-lockfile",
        "skip-persisting-customizations-from-features", "omit-syntax-directive",
    ),
    "run-user-commands": ("skip-feature-auto-mapping",),
    "exec": ("skip-feature-auto-mapping",),
    "read-configuration": ("skip-feature-auto-mapping",),
    "upgrade": ("feature", "target-version"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIST)
def test_a_command_has_the_reference_s_flags(name: str) -> None:
    ours = {flag: told(option) for flag, option in options(name).items() if not option.hidden}
    assert {flag: ours.get(flag) for flag in LIST[name]} == {
        flag: as_told(flag, given) for flag, given in LIST[name].items()
    }


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_flags_are_hidden_here_too(name: str) -> None:
    assert {flag for flag, option in options(name).items() if option.hidden} >= set(HIDDEN[name])


@pytest.mark.parametrize(
    "words",
    [
        "--workspaceFolder a --mountWorkspaceGitRoot false --id-label=a=b --idLabel c=d=e --skipPostCreate",
        "--workspace-folder a --mount-workspace-git-root=false --id-label a=b --id-label c=d=e "
        "--skip-post-create true",
    ],
)
def test_spellings_come_to_the_same(words: str) -> None:
    values = parsed(f"up {words}")
    assert values["workspace_folder"] == "a"
    assert (values["mount_workspace_git_root"], values["skip_post_create"]) == (False, True)
    assert values["id_label"] == ("a=b", "c=d=e")
    assert values["prebuild"] is False


def test_exec_leaves_the_command_alone() -> None:
    values = parsed(
        "exec --workspace-folder w --remote-env A= npm --skipPostCreate true -- --help --workspaceFolder x"
    )
    assert (values["cmd"], values["remote_env"]) == ("npm", ("A=",))
    assert values["args"] == ("--skipPostCreate", "true", "--", "--help", "--workspaceFolder", "x")
    assert (
        parsed("exec --mount-workspace-git-root false --flag x".replace("--flag x", "echo"))["cmd"] == "echo"
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("up --nonsense", "nonsense"),
        ("bogus", "Unknown argument: bogus"),
        ("", "Not enough non-option arguments"),
        ("up --log-level loud", "loud"),
        ("up --id-label x", "id-label must match <name>=<value>"),
        ("up --remote-env X", "remote-env must match <name>=<value>"),
        ("up --mount x", "mount must match type=<bind|volume>"),
        ("up --terminal-columns 80", "terminal-columns -> terminal-rows"),
        ("up --terminal-rows 80", "terminal-rows -> terminal-columns"),
        ("up more", "more"),
        ("set-up", "container-id"),
        ("upgrade --feature a", "--target-version"),
        ("features", "Commands"),
        ("features bogus", "bogus"),
        ("features info", "manifest"),
    ],
)
def test_wrong_use_ends_with_1_and_the_usage_on_standard_error(words: str, reason: str) -> None:
    result = CliRunner().invoke(devcontainer_command, words.split())
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Usage:" in result.stderr
    assert reason.lower() in result.stderr.lower()


def test_the_version_is_the_reference_s() -> None:
    for words in (["--version"], ["up", "--version"]):
        result = CliRunner().invoke(devcontainer_command, words)
        assert (result.exit_code, result.stdout) == (0, "0.88.0\n")


def test_help_of_every_command() -> None:
    for name in COMMANDS:
        result = CliRunner().invoke(devcontainer_command, [name, "--help"])
        assert (result.exit_code, result.stderr) == (0, ""), name


def command(name: str) -> click.Command:
    found: click.Command = devcontainer_command
    for word in name.split():
        assert isinstance(found, click.Group)
        below = found.get_command(click.Context(found), word)
        assert below is not None, name
        found = below
    return found


def options(name: str) -> dict[str, click.Option]:
    params = [param for param in command(name).params if isinstance(param, click.Option)]
    return {
        flag.removeprefix("--"): param for param in params for flag in param.opts if flag.startswith("--")
    }


def told(option: click.Option) -> dict[str, object]:
    """One of our flags as the list has it."""
    short = [flag[1] for flag in option.opts if not flag.startswith("--")]
    body: dict[str, object] = {"short": short[0]} if short else {}
    if isinstance(option.type, click.Choice):
        body["choices"] = sorted(option.type.choices)
    body["boolean"] = isinstance(option.type, click.types.BoolParamType)
    if isinstance(option.default, str | bool) and option.default not in _HERE:
        body["default"] = option.default
    elif option.is_flag:
        body["default"] = False
    if option.required:
        body["required"] = True
    return body


def as_told(flag: str, given: dict[str, object]) -> dict[str, object]:
    """The reference's flag in the same words; the current folder as a default has two of them."""
    body = {key: given[key] for key in ("short", "default", "required") if given.get(key, "") not in _HERE}
    choices = given.get("choices")
    if isinstance(choices, list):
        body["choices"] = sorted(choices)
    return {**body, "boolean": given.get("type") == "boolean"}


def parsed(words: str) -> dict[str, object]:
    name, *args = words.split()
    with command(name).make_context(name, args) as ctx:
        return ctx.params
