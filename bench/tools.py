"""The two that are compared: on one engine, each with an empty home, without the settings of the tester."""

import compileall
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Sample, measure
from scripts import reference_cli
from scripts.engines.layout import REPOSITORY, Layout

DROPPED = ("PYTHON", "DOCKER_", "MOORAGE_", "BUILDX_", "BUILDKIT_", "COMPOSE_", "NODE_", "XDG_")


@dataclass(frozen=True)
class Tool:
    """A command line and how it spells what the cases do."""

    name: str
    words: tuple[str, ...]
    folder_option: tuple[str, ...]
    environment: Mapping[str, str]
    drop_in: tuple[str, ...] = ()

    def up(self, folder: Path) -> Sample:
        return measure([*self.words, "up", *self.folder_option, str(folder)], self.environment)

    def exec(self, folder: Path) -> Sample:
        return measure([*self.words, "exec", *self.folder_option, str(folder), "true"], self.environment)

    def reference_command(self, *arguments: str) -> Sample:
        """A command that both have under the reference's name."""
        return measure([*self.words, *self.drop_in, *arguments], self.environment)


class Docker:
    """The engine's own client, for what happens between the runs."""

    def __init__(self, host: str) -> None:
        self.host = host

    def __call__(self, *arguments: str) -> str:
        command = ["docker", "--host", self.host, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def lines(self, *arguments: str) -> list[str]:
        return self(*arguments).splitlines()


def moorage(host: str, home: Path) -> Tool:
    """As it is after an installation: with its bytecode compiled."""
    for folder in (REPOSITORY / "src", Path(sysconfig.get_path("purelib"))):
        compileall.compile_dir(folder, quiet=2)
    program = str(Path(sys.executable).with_name("moorage"))
    return Tool("moorage", (program,), (), _environment(host, home / "moorage"), ("devcontainer",))


def reference(host: str, home: Path) -> Tool:
    """The npm package; installed the first time."""
    words = tuple(reference_cli.command(Layout.from_environment()))
    return Tool("reference", words, ("--workspace-folder",), _environment(host, home / "reference"))


def _environment(host: str, home: Path) -> dict[str, str]:
    (home / "tmp").mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    return {**kept, "HOME": str(home), "TMPDIR": str(home / "tmp"), "DOCKER_HOST": host}
