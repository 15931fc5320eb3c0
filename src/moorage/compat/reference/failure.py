"""Failures as the reference CLI prints them: one JSON object, exit code 1."""

from __future__ import annotations

import re

from moorage.errors import ConfigurationError, HookError, MoorageError, UsageError

EXIT = 1
"""The reference has one exit code for all failures of its own."""

_SETTING_UP = "An error occurred setting up the container."


def failure(error: MoorageError, *, container: str = "", doing: str = _SETTING_UP) -> dict[str, object]:
    """`outcome`, `message` and `description`; `containerId` where one was made or found."""
    body: dict[str, object] = {
        "outcome": "error",
        "message": message(error),
        "description": _described(error, doing),
    }
    if container:
        body["containerId"] = container
    return body


def in_words(title: str) -> str:
    """`postCreateCommand [one] of ./f` as the reference says it: which command of which hook of whom."""
    parts = re.fullmatch(r"(\w+)(?: \[(.*)\])?(?: of (.+))?", title, re.DOTALL)
    hook, name, feature = parts.groups() if parts else (title, None, None)
    origin = f"Feature '{feature}'" if feature else "devcontainer.json"
    return f"{name} of {hook} from {origin}" if name else f"{hook} from {origin}"


def message(error: MoorageError) -> str:
    """What failed in one line; a hook's says the command, as tools look for it."""
    if isinstance(error, HookError) and error.evidence and error.evidence[0].startswith("$ "):
        return f"Command failed: /bin/sh -c {error.evidence[0][2:]}"
    return error.message


def _described(error: MoorageError, doing: str) -> str:
    if isinstance(error, HookError):
        title, failed, _ = error.message.partition(" failed")
        return f"{in_words(title)} failed." if failed else error.message
    if isinstance(error, ConfigurationError | UsageError):
        return " ".join(part for part in (error.message, error.hint) if part)
    return " ".join(part for part in (doing, error.hint) if part)
