"""From a parsed file to its typed configuration, and to what a person should know about it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moorage.devcontainer.jsonc import Document, excerpt
from moorage.devcontainer.legacy import modernise
from moorage.devcontainer.mounts import BadMount, parse_mount
from moorage.devcontainer.properties import Configuration, NothingToRun
from moorage.devcontainer.warnings import Warning, warnings

__all__ = ["Configuration", "NothingToRun", "Warning", "load", "warnings"]


def load(document: Document, value: Mapping[str, object] | None = None) -> Configuration:
    """The typed configuration of a document; `value` stands in for its value once variables are substituted.

    Raises WrongType with file:line:column, the path and what is expected there.
    """
    source = document.value if value is None else value
    given = modernise({key: each for key, each in source.items() if each is not None})
    try:
        configuration = msgspec.convert(given, Configuration)
    except msgspec.ValidationError as error:
        from moorage.devcontainer.wrong_type import wrong_type  # only broken files pay for the explanation

        raise wrong_type(document, given, Configuration, error) from None
    _check_mounts(document, configuration)
    return configuration


def _check_mounts(document: Document, configuration: Configuration) -> None:
    texts = [(("mounts", index), mount) for index, mount in enumerate(configuration.mounts or ())]
    for path, text in (*texts, (("workspaceMount",), configuration.workspace_mount)):
        if not isinstance(text, str) or not text:
            continue
        try:
            parse_mount(text)
        except BadMount as error:
            line, column = document.position(path)
            raise BadMount(
                f"{document.file}:{line}:{column}: {error.message}",
                evidence=excerpt(document.text, line, column),
                hint=error.hint,
            ) from None
