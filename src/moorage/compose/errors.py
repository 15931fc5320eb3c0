"""What can go wrong with Compose."""

from __future__ import annotations

from ..errors import ConfigurationError, EngineError


class ComposeMissing(EngineError):
    """No program on this machine answers as Docker Compose does."""

    code = "compose-missing"


class BadComposeFile(ConfigurationError):
    """Compose does not understand the project's files, or they are not there."""

    code = "compose-file"


class ComposeFailed(EngineError):
    """Compose could not build, create or start the project."""

    code = "compose-failed"


class ComposeTimeout(EngineError):
    """Compose did not answer in time."""

    code = "compose-timeout"
