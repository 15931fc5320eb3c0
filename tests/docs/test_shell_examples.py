"""The shell examples of README and guides, run line by line; what they show is what comes out.

A block tagged `console` holds commands (`$ `, further lines `> `) with the output below them. A shown line
must come out in its place, others may come in between; `…` stands for anything. `$ command  # exit 7` expects
that exit code.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import ANY

import pytest

from scripts.engines.provision import Engine
from tests.outside import Cli, Docker, Traces

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exit (\d+)$", re.MULTILINE)
NAMES = "hello|python|hooks|features|compose|project"
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if BLOCK.search(page.read_text())
]


class Example(NamedTuple):
    command: str
    code: int
    shown: tuple[str, ...]


@pytest.fixture
def cli(engine: Engine, tmp_path: Path) -> Iterator[Cli]:
    traces = Traces(Docker(engine.host), tmp_path)
    yield Cli(tmp_path / "home", engine.host)
    traces.remove()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_do_what_the_page_shows(page: Path, cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environment = {**cli.env, "PATH": f"{Path(sys.executable).parent}:{cli.env['PATH']}"}
    for example in examples(page.read_text()):
        done = subprocess.run(
            ["bash", "-c", example.command], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )  # fmt: skip
        told = f"$ {example.command}\n{done.stdout}"
        assert done.returncode == example.code, told
        assert missing(example.shown, done.stdout) == [], told


PROGRAMS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/guides/scripting.md").read_text(), re.M | re.S)


@pytest.mark.parametrize(
    ("program", "said"), [*zip(PROGRAMS, ([ANY, "/workspaces/hello"], ["first", "second"]), strict=True)]
)
def test_the_python_examples_run(program: str, said: list[object], cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=cli.env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == said


def examples(text: str) -> Iterator[Example]:
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            while lines[1:] and lines[1].startswith("> "):
                lines[:2] = [f"{lines[0]}\n{lines[1][2:]}"]
            code = EXIT.search(lines[0])
            yield Example(
                EXIT.sub("", lines[0]), int(code[1]) if code else 0, tuple(line for line in lines[1:] if line)
            )


def missing(shown: tuple[str, ...], output: str) -> list[str]:
    """The shown lines that did not come out, each looked for behind the one before."""
    lines = iter(output.splitlines())
    return [line for line in shown if not any(pattern(line).fullmatch(found) for found in lines)]


def pattern(line: str) -> re.Pattern[str]:
    """Where another workspace has the name, moorage adds a short hash to it."""
    words = [re.escape(word) for word in re.sub(r"\s+", " ", line.strip()).split("…")]
    text = ".*".join(words).replace(r"\ ", r"\s+")
    return re.compile(r"\s*" + re.sub(rf"\b({NAMES})\b", r"\1(?:-[0-9a-f]{4,})?", text) + r"\s*")


def test_the_check_itself() -> None:
    (example,) = examples("```console\n$ do this  # exit 7\nfirst …\n\nlast\n```\n")
    assert example == Example("do this", 7, ("first …", "last"))
    assert missing(example.shown, "first of all\nbetween\n last \n") == []
    assert missing(example.shown, "last\nfirst of all\n") == ["last"]
