"""What can be wrong with a Dockerfile before any builder has seen it."""

from __future__ import annotations

from moorage.errors import ConfigurationError


class BrokenDockerfile(ConfigurationError):
    """A Dockerfile that no builder would accept, with the place where it goes wrong."""

    code = "dockerfile-broken"

    def __init__(self, problem: str, *, file: str, line: int, text: str = "", hint: str = "") -> None:
        shown = text.strip().splitlines()[:1]
        evidence = (f"{file}:{line}: {shown[0]}",) if shown else (f"{file}:{line}",)
        super().__init__(f"{file}:{line}: {problem}", evidence=evidence, hint=hint)
        self.file = file
        self.line = line


class UnknownTarget(ConfigurationError):
    """A build target that names no stage of the Dockerfile."""

    code = "dockerfile-unknown-target"


class BrokenIgnoreFile(ConfigurationError):
    """A .dockerignore with a pattern that no builder would accept."""

    code = "dockerfile-broken-ignore"
