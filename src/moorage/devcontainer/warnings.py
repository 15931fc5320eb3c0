"""What a person should know about a configuration that works all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from moorage.devcontainer.jsonc import Document, Path, path_text
from moorage.devcontainer.legacy import MOVED
from moorage.devcontainer.properties import (
    Build,
    Configuration,
    Gpu,
    HostRequirements,
    MountObject,
    PortAttributes,
    SecretDeclaration,
)
from moorage.devcontainer.variables import KNOWN, UnknownVariable, unknown

_INSIDE: dict[Path, type[msgspec.Struct]] = {
    ("build",): Build,
    ("hostRequirements",): HostRequirements,
    ("hostRequirements", "gpu"): Gpu,
    ("otherPortsAttributes",): PortAttributes,
    ("portsAttributes", "*"): PortAttributes,
    ("mounts", "*"): MountObject,
    ("secrets", "*"): SecretDeclaration,
}
"""Objects whose keys the specification fixes; `*` is any key or index."""

_COMPOSE_ONLY = ("service", "runServices")
_NOT_COMPOSE = ("build", "dockerFile", "context", "image", "appPort", "runArgs", "workspaceMount")


class Warning(msgspec.Struct, frozen=True, kw_only=True):
    """One remark: `text` begins with file:line:column; `code` is stable."""

    level: Literal["info", "warning"] = "warning"
    code: str
    text: str
    hint: str = ""


def warnings(document: Document) -> tuple[Warning, ...]:
    """Unknown and duplicate keys, legacy names, properties without effect, unknown variables."""
    return (
        *duplicates(document),
        *unknown_properties(document, (*Configuration.__struct_encode_fields__, *MOVED), _INSIDE),
        *(_legacy(document, key) for key in MOVED if key in document.value),
        *_without_effect(document),
        *_unknown_variables(document),
    )


def duplicates(document: Document) -> Iterator[Warning]:
    """Keys that one object gives more than once."""
    return (_duplicate(document, path) for path in document.duplicates)


def unknown_properties(
    document: Document, known: tuple[str, ...], inside: Mapping[Path, type[msgspec.Struct]]
) -> Iterator[Warning]:
    """Keys that are not known at the top, nor in the objects of which `inside` says what they hold."""
    yield from _unknown_keys(document, (), known)
    for path, struct in inside.items():
        yield from _unknown_inside(document, path, struct)


def _duplicate(document: Document, path: Path) -> Warning:
    return Warning(
        code="duplicate-key",
        text=f"{_key_place(document, path)}: {path_text(path)} is given more than once; the last one counts.",
        hint="Remove the others.",
    )


def _unknown_inside(document: Document, path: Path, struct: type[msgspec.Struct]) -> Iterator[Warning]:
    for place in _places(document.value, path):
        yield from _unknown_keys(document, place, struct.__struct_encode_fields__)


def _unknown_keys(document: Document, path: Path, known: tuple[str, ...]) -> Iterator[Warning]:
    for key in _members(document.value, path):
        if key not in known:
            here = (*path, key)
            yield Warning(
                code="unknown-property",
                text=f"{_key_place(document, here)}: {path_text(here)} is not a property that is known; "
                "it has no effect.",
                hint=_hint(key, known),
            )


def _legacy(document: Document, key: str) -> Warning:
    return Warning(
        level="info",
        code="legacy-property",
        text=f"{_key_place(document, (key,))}: {key} is the old name of {MOVED[key]}.",
        hint=f"Write {MOVED[key]}.",
    )


def _without_effect(document: Document) -> Iterator[Warning]:
    value = document.value
    build = value.get("build")
    dockerfile = "dockerFile" in value or (isinstance(build, dict) and "dockerfile" in build)
    if dockerfile and "image" in value:
        yield _no_effect(document, "image", "build.dockerfile is given")
    if (dockerfile or "image" in value) and "dockerComposeFile" in value:
        yield _no_effect(document, "dockerComposeFile", "an image or a Dockerfile is given")
    if "dockerComposeFile" in value and not dockerfile and "image" not in value:
        yield from _ignored(document, _NOT_COMPOSE, "the Compose file decides this")
    else:
        yield from _ignored(document, _COMPOSE_ONLY, "it belongs to Compose configurations")


def _ignored(document: Document, keys: tuple[str, ...], reason: str) -> Iterator[Warning]:
    return (_no_effect(document, key, reason) for key in keys if key in document.value)


def _no_effect(document: Document, key: str, reason: str) -> Warning:
    return Warning(
        code="property-without-effect",
        text=f"{_key_place(document, (key,))}: {key} has no effect: {reason}.",
        hint=f"Remove {key}.",
    )


def _unknown_variables(document: Document) -> Iterator[Warning]:
    for variable in unknown(document.value):
        if _belongs_to_others(variable):
            continue
        hint = _hint(variable.name.split(":", 1)[0], KNOWN)
        if not hint and _in_hook(variable):
            continue
        line, column = document.position(variable.path)
        yield Warning(
            code="unknown-variable",
            text=f"{document.file}:{line}:{column}: ${{{variable.name}}} in {path_text(variable.path)} "
            "is not a variable that is known; it stays as it is.",
            hint=hint or f"Known are {', '.join(KNOWN)}.",
        )


def _belongs_to_others(variable: UnknownVariable) -> bool:
    """Tools have variables of their own in customizations, and shells expand `${HOME}` in hooks."""
    if variable.path[0] == "customizations":
        return True
    return _in_hook(variable) and not variable.name[:1].islower()


def _in_hook(variable: UnknownVariable) -> bool:
    return str(variable.path[0]).endswith("Command")


def _places(value: object, pattern: Path) -> Iterator[Path]:
    """The paths that exist below `value` and fit the pattern."""
    if not pattern:
        yield ()
        return
    for step, item in _items(value):
        if pattern[0] in ("*", step):
            yield from ((step, *rest) for rest in _places(item, pattern[1:]))


def _items(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _members(value: object, path: Path) -> Mapping[str, object]:
    for step in path:
        value = value[step]  # type: ignore[index]  # the path was found in this very value
    return value if isinstance(value, dict) else {}


def _key_place(document: Document, path: Path) -> str:
    line, column = document.key_position(path)
    return f"{document.file}:{line}:{column}"


def _hint(word: str, known: tuple[str, ...]) -> str:
    from moorage.devcontainer.spelling import did_you_mean

    return did_you_mean(word, known)
