"""Every example comes up, does what its README says, and goes away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.outside import Cli, Traces

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

Example = Callable[[str], Path]


@pytest.fixture
def example(tmp_path: Path) -> Example:
    """A copy of its own of an example, so that tests can run side by side."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(EXAMPLES / name, tmp_path / name))

    return copy


def test_hello(moorage: Cli, example: Example) -> None:
    folder = example("hello")
    up = moorage.ok("up", folder)
    assert "Hello from Debian GNU/Linux" in up.stderr
    assert moorage.ok("exec", folder, "--", "cat", "/etc/motd").stdout.startswith("Hello from Debian")
    assert moorage.ok("up", folder, "--output", "json").json()["steps"] == []


def test_python_builds_for_a_user_and_runs_three_forms_of_hooks(moorage: Cli, example: Example) -> None:
    folder = example("python")
    moorage.ok("up", folder)
    home = moorage.ok("exec", folder, "--", "sh", "-c", "id -un; cat ~/.python-version ~/.greeting").stdout
    assert home.splitlines()[0] == "dev"
    assert home.splitlines()[1].startswith("Python 3.11")
    assert home.splitlines()[2] == "Hello, dev!"
    assert not list(folder.rglob("__pycache__")), "containerEnv keeps byte code out of the source tree"


def test_python_takes_the_environment_of_this_machine(moorage: Cli, example: Example) -> None:
    folder = example("python")
    moorage.ok("up", folder)
    said = moorage.ok("exec", folder, "--", "python", "-m", "greet", env={"GREETING": "Ahoy"})
    assert said.stdout == "Ahoy, dev!\n"


def test_python_is_built_again_only_for_what_its_stage_reads(moorage: Cli, example: Example) -> None:
    folder = example("python")
    moorage.ok("up", folder)
    (folder / "greet/more.py").write_text("MORE = 1\n")
    assert moorage.ok("up", folder, "--output", "json").json()["differences"] == []
    (folder / "requirements.txt").write_text("flask\n")
    result = moorage.ok("up", folder, "--output", "json")
    assert "requirements.txt" in str(result.json()["differences"]), result.stderr


def test_hooks_return_early_and_go_on_inside(moorage: Cli, example: Example) -> None:
    folder = example("hooks")
    assert moorage.ok("up", folder, "--output", "json").json()["background"]
    lines = _lines_when_done(moorage, folder)
    assert lines[:2] == ["onCreate", "updateContent"]
    assert set(lines[2:4]) == {"first", "second"}
    assert lines[4:] == ["postStart", "postAttach"]


@pytest.mark.parametrize("name", ["hello", "hooks"])
def test_nothing_is_left_after_delete(moorage: Cli, example: Example, cleanup: Traces, name: str) -> None:
    folder = example(name)
    moorage.ok("up", folder)
    moorage.ok("delete", folder)
    assert cleanup.everything() == []


def _lines_when_done(moorage: Cli, folder: Path) -> list[str]:
    limit = time.monotonic() + 30
    while True:
        lines = moorage.ok("exec", folder, "--", "cat", "/var/log/hooks").stdout.splitlines()
        if "postAttach" in lines or time.monotonic() > limit:
            return lines
        time.sleep(0.1)


def test_compose_is_one_workspace(moorage: Cli, cleanup: Traces, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLES / "compose", tmp_path / cleanup.token))
    moorage.ok("up", folder, env={"USER": "ada"})
    inside = moorage.ok(
        "exec", folder, "--", "sh", "-c", "notes list; id -un; echo $GREETING_FOR; pwd"
    ).stdout
    expected = ["The database was ready before this ran.", "dev", "ada", "/workspaces/compose"]
    assert inside.splitlines() == expected
    moorage.ok("stop", folder)
    moorage.ok("start", folder)
    assert moorage.ok("up", folder, "--output", "json", env={"USER": "ada"}).json()["differences"] == []
    removed = moorage.ok("delete", "--yes", folder).stdout
    assert f"volume {cleanup.token}_devcontainer_notes" in removed
