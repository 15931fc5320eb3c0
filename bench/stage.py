"""Where a case takes place: one tool, one engine, one project folder; and what a case is."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bench.line import Line
from bench.measure import Sample
from bench.tools import Docker, Tool

LABEL = "moorage.bench"


class Stage:
    """One tool with a project folder of its own, so that neither tool meets the other's containers."""

    def __init__(self, tool: Tool, docker: Docker, root: Path) -> None:
        self.tool = tool
        self.docker = docker
        self.root = root
        self.folder = root / "none"
        self.earlier: list[Path] = []
        self.line: Line | None = None

    def renew(self) -> Path:
        """A project folder that no tool, builder or engine has seen."""
        self.folder = self.root / f"bench-{uuid4().hex[:8]}"
        self.folder.mkdir(parents=True)
        return self.folder

    def up(self) -> Sample:
        return self.tool.up(self.folder)

    def exec(self) -> Sample:
        return self.tool.exec(self.folder)

    def remove_container(self) -> None:
        """Both tools give their containers the reference's label (design promise 9)."""
        mine = f"label=devcontainer.local_folder={self.folder}"
        if found := self.docker.lines("ps", "--all", "--quiet", "--filter", mine):
            self.docker("rm", "--force", "--volumes", *found)

    def put_aside(self) -> None:
        """Leave the project until `clear`: what an engine tidies up would be measured with the next."""
        self.earlier.append(self.folder)

    def clear(self) -> None:
        """As `_clear`, for the project and all that were put aside."""
        for folder in (*self.earlier, self.folder):
            self.folder = folder
            self._clear()
        self.earlier.clear()

    def _clear(self) -> None:
        """Remove container, images and files of the project. Build caches stay: they are not only ours."""
        self.remove_container()
        self.remove_project()
        mine = f"label={LABEL}={self.folder.name}"
        if found := self.docker.lines("image", "ls", "--all", "--quiet", "--filter", mine):
            self.docker("image", "rm", "--force", *sorted(set(found)))
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.line:
            self.line.close()
            self.line = None

    def remove_project(self) -> None:
        """A Compose project: its containers and networks, by Compose's own label."""
        mine = f"label=com.docker.compose.project={self.folder.name}"
        if found := self.docker.lines("ps", "--all", "--quiet", "--filter", mine):
            self.docker("rm", "--force", "--volumes", *found)
        if found := self.docker.lines("network", "ls", "--quiet", "--filter", mine):
            self.docker("network", "rm", *found)

    def forget(self) -> None:
        """Delete what the tool has cached below its home."""
        for cache in (".cache", "tmp"):
            shutil.rmtree(Path(self.tool.environment["HOME"], cache), ignore_errors=True)
        Path(self.tool.environment["HOME"], "tmp").mkdir()


@dataclass(frozen=True)
class Case:
    """`prepare` once for each tool, `reset` before each run: both untimed. `limit` of the ratio of times."""

    name: str
    title: str
    limit: float
    prepare: Callable[[Stage], None]
    reset: Callable[[Stage], None]
    run: Callable[[Stage], Sample]


def leave(stage: Stage) -> None:
    """Nothing changes between the runs."""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
