"""Defaults of up's options: their types, and that the command line wins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from moorage.cli import build, plan, template_up, up
from moorage.cli.defaults import OPTIONS, load_defaults
from moorage.cli.main import DEFAULTED, cli
from moorage.cli.request import request_of
from moorage.workspace.preferences import BadPreference

Write = Callable[[str], dict[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """The environment of somebody with this config.toml."""

    def make(text: str) -> dict[str, str]:
        file = tmp_path / "config.toml"
        file.write_text(text)
        return {"MOORAGE_CONFIG": str(file), "HOME": "/home/me"}

    return make


def test_every_default_is_an_option_of_up() -> None:
    options = {
        name.removeprefix("--"): each
        for each in up.up_command.params
        if isinstance(each, click.Option)
        for name in each.opts
    }
    personal = {
        "name",
        "config",
        "recreate",
        "rebuild",
        "allow-host-commands",
        "option",
        "o",
        "q",
        "-o",
        "-q",
    }
    assert set(OPTIONS) == set(options) - personal
    assert all(options[name].name == name.replace("-", "_") for name in OPTIONS)


def test_plan_and_build_share_the_options_of_up() -> None:
    for command in (plan.plan_command, build.build_command):
        shared = {each.name for each in command.params} & {name.replace("-", "_") for name in OPTIONS}
        assert {"env", "remote_env", "mount", "dotfiles", "driver", "quiet"} <= shared
    assert DEFAULTED == ("up", "plan", "build")


def test_values_by_parameter(write: Write) -> None:
    found = load_defaults(
        write("""
            [up]
            env = { EDITOR = "vim", EMPTY = "" }
            remote-env = ["A=b=c"]
            mount = ["type=tmpfs,target=/x"]
            dotfiles = "me/dotfiles"
            secrets-file = "~/secrets.json"
            hook-timeout = 90
            quiet = true
            output = "json"
        """)
    )
    assert found == {
        "env": ["EDITOR=vim", "EMPTY="],
        "remote_env": ["A=b=c"],
        "mount": ("type=tmpfs,target=/x",),
        "dotfiles": "me/dotfiles",
        "secrets_file": "/home/me/secrets.json",
        "hook_timeout": 90,
        "quiet": True,
        "output": "json",
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dotfile = 'x'", "up.dotfile"),
        ("name = 'x'", "up.name"),
        ("recreate = true", "up.recreate"),
        ("allow-host-commands = true", "up.allow-host-commands"),
        ("env = ['NOVALUE']", "up.env must be a table of texts"),
        ("env = { A = 1 }", "up.env must be a table of texts"),
        ("remote-env = 'A=b'", "up.remote-env"),
        ("timeout = '5'", "up.timeout must be a number of seconds, not a text"),
        ("timeout = true", "up.timeout must be a number of seconds, not true or false"),
        ("quiet = 1", "up.quiet must be true or false"),
        ("output = 'xml'", 'up.output must be "text" or "json"'),
        ("mount = [1]", "up.mount must be a list of texts"),
        ("dotfiles = []", "up.dotfiles must be a text"),
    ],
)
def test_wrong_ones_are_named(write: Write, line: str, said: str) -> None:
    with pytest.raises(BadPreference) as raised:
        load_defaults(write(f"[up]\n{line}"))
    assert said in raised.value.message
    assert raised.value.hint


def test_the_nearest_name_is_told(write: Write) -> None:
    with pytest.raises(BadPreference) as raised:
        load_defaults(write("[up]\ndotfile = 'x'"))
    assert raised.value.hint == "Did you mean dotfiles?"


def test_the_command_line_wins(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(up.up_command, "callback", lambda **values: seen.update(values))
    environment = write("[up]\ndotfiles = 'me/one'\ntimeout = 5\nenv = { A = 'b' }")
    result = CliRunner().invoke(cli, ["up", ".", "--dotfiles", "me/two"], env=environment)
    assert result.exit_code == 0, result.output
    assert seen["dotfiles"] == "me/two"
    assert seen["timeout"] == 5
    assert seen["env"] == ("A=b",)


def test_a_workspace_from_a_template_has_them_too(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(template_up.up_command, "callback", lambda **values: seen.update(values))
    environment = write("[up]\ndotfiles = 'me/one'\nshell = true")
    result = CliRunner().invoke(cli, ["template", "up", "x", "--lfs"], env=environment)
    assert result.exit_code == 0, result.output
    assert (seen["dotfiles"], seen["lfs"], seen["reference"]) == ("me/one", True, "x")


def test_lists_of_the_command_line_are_added_and_win_by_name(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(up.up_command, "callback", lambda **values: seen.update(values))
    environment = write("""
        [up]
        env = { A = "file", B = "file" }
        mount = ["type=tmpfs,target=/x"]
        ssh = ["default", "key=/file"]
        build-secret = ["id=one,env=FILE"]
    """)
    given = ["--env", "A=line", "--mount", "type=tmpfs,target=/y", "--ssh", "key=/line"]
    result = CliRunner().invoke(
        cli, ["up", ".", *given, "--build-secret", "id=one,env=LINE"], env=environment
    )
    assert result.exit_code == 0, result.output
    request = request_of("image:busybox", seen)
    assert dict(request.environment) == {"A": "line", "B": "file"}
    assert request.mounts == ("type=tmpfs,target=/x", "type=tmpfs,target=/y")
    assert request.build_ssh == ("default", "key=/line")
    assert [secret.variable for secret in request.build_secrets] == ["LINE"]


def test_an_error_is_printed_once_in_the_form_asked_for(write: Write) -> None:
    environment = write("[up]\ndotfile = 'x'")
    text = CliRunner().invoke(cli, ["up", "."], env=environment)
    assert text.exit_code == 3
    assert text.output.count("bad-preference") == 1
    json = CliRunner().invoke(cli, ["plan", ".", "--output", "json"], env=environment)
    assert json.exit_code == 3
    assert json.stdout.startswith('{"outcome":"error","code":"bad-preference"')


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["up", "--help"], ["list", "--help"]])
def test_version_and_help_do_not_read_it(write: Write, arguments: list[str]) -> None:
    assert CliRunner().invoke(cli, arguments, env=write("broken")).exit_code == 0
