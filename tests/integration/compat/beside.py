"""The reference CLI and the product's drop-in, called alike."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.outside import Cli, Result


class Reference:
    """``reference("up", …)`` with the same home, engine and environment as the product."""

    def __init__(self, words: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self.words, self.environment, self.folder = words, environment, folder

    def __call__(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Result:
        done = subprocess.run(
            [*self.words, *map(str, arguments)], capture_output=True, text=True, timeout=120,
            cwd=cwd or self.folder, env={**self.environment, **(env or {})}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)


class DropIn:
    """``dropin("up", …)``: the same command of the product."""

    def __init__(self, moorage: Cli) -> None:
        self.moorage = moorage

    def __call__(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Result:
        return self.moorage("devcontainer", *arguments, env=env, cwd=cwd)
