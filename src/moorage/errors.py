"""What every failure of moorage looks like, and which exit code its class has.

MoorageError
├── UsageError          2   the command line or an option value is wrong
├── ConfigurationError  3   devcontainer.json, Dockerfile or what they name
├── SourceError         4   the folder, the repository or its credentials
├── EngineError         5   the engine is missing, stopped or refused
├── ImageError          6   pull, build, registry
├── HookError           7   a lifecycle command failed
├── DeadlineError       8   a wait reached its limit
└── RefusedError        9   consent is missing, or moorage will not do it (conflict, unsupported)

Anything else is a defect of moorage and ends with 1. Concrete errors live beside the code that raises them.
"""

from __future__ import annotations

from typing import ClassVar


class MoorageError(Exception):
    """One failure, told once: a sentence of cause, the evidence, and what to do.

    `code` is stable and unique; programs match on it. `evidence` holds the lines that show the cause (a
    position, a log tail); `hint` is one sentence that starts with a verb.
    """

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, evidence: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.evidence = evidence
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(MoorageError):
    code = "usage"
    exit_code = 2


class ConfigurationError(MoorageError):
    code = "configuration"
    exit_code = 3


class SourceError(MoorageError):
    code = "source"
    exit_code = 4


class EngineError(MoorageError):
    code = "engine"
    exit_code = 5


class ImageError(MoorageError):
    code = "image"
    exit_code = 6


class HookError(MoorageError):
    code = "hook"
    exit_code = 7


class DeadlineError(MoorageError):
    code = "deadline"
    exit_code = 8


class RefusedError(MoorageError):
    code = "refused"
    exit_code = 9
