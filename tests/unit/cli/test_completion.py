"""Completion: the scripts, and that a silent or missing engine never shows at the Tab key."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from moorage.cli import completion
from moorage.cli.main import cli


def completions(*words: str) -> list[str]:
    *args, incomplete = words
    found = BashComplete(cli, {}, "moorage", "_MOORAGE_COMPLETE").get_completions(args, incomplete)
    return [f"{item.type}:{item.value}" for item in found]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_a_script_that_asks_moorage(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert f"_MOORAGE_COMPLETE={shell}_complete" in result.output


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_understands_its_script() -> None:
    script = CliRunner().invoke(cli, ["completion", "bash"]).output
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_help_shows_how_to_install_it() -> None:
    assert 'eval "$(moorage completion bash)"' in CliRunner().invoke(cli, ["completion", "--help"]).output


def test_unknown_shell_is_refused() -> None:
    assert CliRunner().invoke(cli, ["completion", "csh"]).exit_code == 2


def test_completes_commands_and_options() -> None:
    assert completions("sta") == ["plain:start", "plain:status"]
    assert "plain:--remote-env" in completions("up", "--re")


def test_an_unknown_command_completes_nothing() -> None:
    assert completions("typo", "x") == []


def test_a_begun_path_completes_folders() -> None:
    assert completions("status", "./pro") == ["dir:./pro"]


def test_no_engine_completes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert completions("status", "") == []


def test_an_engine_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(completion, "_PATIENCE", 0.05)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind("silent.sock")
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/silent.sock")
        assert completions("status", "") == []


def test_a_wrong_driver_completes_nothing() -> None:
    context = click.Context(cli)
    context.params = {"driver": "none-such", "driver_options": ("path",)}
    assert completion.complete_workspace(context, click.Argument(["workspace"]), "") == []
