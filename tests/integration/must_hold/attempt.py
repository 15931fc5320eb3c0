"""A command that is meant to fail, and everything that it could leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.interruption import MARK, left_running
from tests.outside import Cli, Images, Result


class Bench:
    """Where a case is arranged: a project to write, an environment to change, the images there are.

    `token` marks what belongs to the case; `look` tells what of it is in the engine.
    """

    def __init__(
        self, cli: Cli, images: Images, token: str, folder: Path, look: Callable[[], list[str]]
    ) -> None:
        self.cli = cli
        self.images = images
        self.token = token
        self.folder = folder
        self.look = look
        self.env: dict[str, str] = {}
        self.temporary = folder / "temporary"
        self.temporary.mkdir()

    @property
    def project(self) -> Path:
        folder = self.folder / self.token
        folder.mkdir(exist_ok=True)
        return folder

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def configure(self, value: Mapping[str, Any] | str | bytes) -> Path:
        """Write devcontainer.json; gives the project."""
        text = value if isinstance(value, str | bytes) else json.dumps(value)
        self.write(".devcontainer/devcontainer.json", text)
        return self.project

    def with_image(self, **more: Any) -> Path:
        return self.configure({"image": self.images.busybox, **more})

    def with_dockerfile(self, text: str, **build: Any) -> Path:
        self.write(".devcontainer/Dockerfile", text)
        return self.configure({"build": {"dockerfile": "Dockerfile", **build}})

    def run(self, *arguments: str | Path, **options: Any) -> Result:
        """Run with the marks by which anything left behind is found."""
        marks = {MARK: self.token, "TMPDIR": str(self.temporary)}
        return self.cli(*arguments, env={**self.env, **marks}, **options)

    def left_behind(self) -> list[str]:
        """What `look` finds in the engine, temporary files, processes."""
        temporary = [str(path) for path in self.temporary.iterdir()]
        return [*self.look(), *temporary, *left_running(self.token)]


Arrange = Callable[[Bench], tuple[str | Path, ...]]


class Case(NamedTuple):
    """`arrange` gives the arguments. `says` are parts of the message or evidence, `hint` one of the hint."""

    name: str
    exit_code: int
    code: str
    arrange: Arrange
    says: tuple[str, ...]
    hint: str


def failure(result: Result) -> dict[str, Any]:
    """The one error of `--output json`; the text of standard error has it as well."""
    lines = result.stdout.splitlines()
    assert len(lines) == 1, result
    found = json.loads(lines[0])
    assert found["outcome"] == "error", found
    assert found["message"] in result.stderr, result
    return dict(found)


def check(bench: Bench, case: Case) -> None:
    """The case fails as it should, and leaves nothing behind."""
    fails(bench, case)
    assert bench.left_behind() == []


def fails(bench: Bench, case: Case) -> Result:
    """Run a case and hold what is promised of every error."""
    result = bench.run(*case.arrange(bench), "--output", "json")
    found = failure(result)
    assert (found["code"], result.code) == (case.code, case.exit_code), result
    told = "\n".join([found["message"], *found["evidence"]])
    assert [part for part in case.says if part not in told] == [], result
    assert case.hint in found["hint"], result
    assert found["hint"], result
    assert "Traceback" not in result.stderr
    assert "defect" not in result.stderr
    return result
