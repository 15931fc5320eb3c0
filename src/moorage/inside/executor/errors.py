"""What ends a build, one class for each thing that a person would do differently."""

from __future__ import annotations

from moorage.dockerfile.instruction import Instruction
from moorage.errors import ConfigurationError, ImageError, RefusedError


class CommandFailed(ImageError):
    """A RUN ended with another status than 0, or its program could not be started."""

    code = "build-command-failed"


class StepFailed(ImageError):
    """An instruction cannot be carried out in the image as it is: a user is missing, a file in the way."""

    code = "build-step-failed"


class StepRefused(ConfigurationError):
    """An instruction with a flag or a value that no builder knows, or that this one cannot have."""

    code = "build-step-refused"


class SecretMissing(ConfigurationError):
    """A RUN needs a secret that was not given."""

    code = "build-step-secret-missing"


class RootTaken(RefusedError):
    """The file system that the image is to be built in holds something that nobody gave away."""

    code = "build-root-taken"


def failed(file: str, instruction: Instruction, message: str, hint: str = "") -> StepFailed:
    """The error with the instruction's place."""
    return StepFailed(f"{file}:{instruction.line}: {message}", evidence=(shown(instruction),), hint=hint)


def refused(file: str, instruction: Instruction, message: str, hint: str = "") -> StepRefused:
    """The error with the instruction's place."""
    return StepRefused(f"{file}:{instruction.line}: {message}", evidence=(shown(instruction),), hint=hint)


def shown(instruction: Instruction) -> str:
    """The first line of an instruction, as people have written it."""
    return (
        instruction.original.strip().splitlines()[0] if instruction.original.strip() else instruction.keyword
    )
