"""The values of build secrets: where they come from, and what is said where they are not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from moorage.builders.engine.errors import BuildSecretMissing
from moorage.spec.build import BuildSecret


def check(secrets: tuple[BuildSecret, ...]) -> None:
    """Raises BuildSecretMissing for a file that cannot be read."""
    for secret in secrets:
        if secret.file and not os.access(secret.file, os.R_OK):
            raise _unreadable(secret)


def of_variable(secret: BuildSecret, environment: Mapping[str, str]) -> str:
    """Raises BuildSecretMissing, which names the variable."""
    if secret.variable not in environment:
        raise BuildSecretMissing(
            f"The build secret {secret.id} should come from {secret.variable}, which is not set.",
            hint=f"Set {secret.variable} and run the command again.",
        )
    return environment[secret.variable]


def content(secret: BuildSecret, environment: Mapping[str, str]) -> bytes:
    """The value, wherever it comes from. Raises BuildSecretMissing."""
    if not secret.file:
        return of_variable(secret, environment).encode(errors="surrogateescape")
    try:
        return Path(secret.file).read_bytes()
    except OSError as error:
        raise _unreadable(secret) from error


def _unreadable(secret: BuildSecret) -> BuildSecretMissing:
    return BuildSecretMissing(
        f"The file of the build secret {secret.id} cannot be read: {secret.file}",
        hint="Create it, or change the secret's file.",
    )
