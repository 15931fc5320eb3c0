"""The file of `--secrets-file`: a JSON object (comments allowed) of texts for the environment of hooks."""

from __future__ import annotations

from pathlib import Path

from ..devcontainer.jsonc import BrokenJson, parse
from ..errors import UsageError
from .dialogue import exportable


class BadSecrets(UsageError):
    """The secrets file is not there, or is no JSON object of texts."""

    code = "secrets-file"


def read(path: Path) -> dict[str, str]:
    """The secrets of this file. Raises BadSecrets, which names keys but never shows a value."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadSecrets(
            f"The secrets file {path} cannot be read: {error.strerror}.",
            hint="Give --secrets-file the path of a JSON file that you may read.",
        ) from error
    try:
        document = parse(data, str(path))
    except BrokenJson as error:
        raise BadSecrets(
            f"The secrets file {path} is not a JSON object.",
            evidence=(error.message.split(": ")[0],),  # only the place: the rest may quote a value
            hint='Write it as {"NAME": "value"}.',
        ) from None
    return {name: _checked(name, value, path) for name, value in document.value.items()}


def _checked(name: str, value: object, path: Path) -> str:
    if not exportable(name):
        raise BadSecrets(
            f"In the secrets file {path}, {name!r} cannot be the name of a secret.",
            hint="Use letters, digits and underscores, and no name that the shell keeps for itself.",
        )
    if not isinstance(value, str) or "\0" in value:
        raise BadSecrets(
            f"In the secrets file {path}, the value of {name} is not a text.",
            hint="Put the value in double quotes.",
        )
    return value
