"""What a devcontainer-feature.json says, as typed data, and what the metadata label keeps of it."""

# No `from __future__ import annotations`, as in properties.

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec
from msgspec import field

from moorage.devcontainer.jsonc import Document, Path, excerpt, path_text
from moorage.devcontainer.legacy import modernise
from moorage.devcontainer.metadata import Entry
from moorage.devcontainer.mounts import BadMount, parse_mount
from moorage.devcontainer.properties import HookValue, MountObject
from moorage.devcontainer.warnings import Warning, duplicates, unknown_properties
from moorage.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_VERSION = re.compile(r"[0-9A-Za-z._+-]{0,128}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_KEPT = (
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
    "init",
    "privileged",
    "capAdd",
    "securityOpt",
    "entrypoint",
    "mounts",
    "customizations",
)
"""What the metadata label keeps of a Feature; its containerEnv is in the image."""


class BadFeature(ConfigurationError):
    """A devcontainer-feature.json says something that no Feature may say."""

    code = "bad-feature"


Scalar: TypeAlias = str | bool | int | float
"""A value of an option: the specification knows text and booleans; people also write numbers."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One declared option. `enum` is all that is allowed; `proposals` are suggestions only."""

    type: str = "string"
    default: Scalar | None = None
    description: str | None = None
    enum: tuple[Scalar, ...] | None = None
    proposals: tuple[Scalar, ...] | None = None


class Feature(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One devcontainer-feature.json. None is "not given", and so is a `null` in the file."""

    id: str
    version: str = ""
    name: str | None = None
    description: str | None = None
    documentation_url: str | None = field(default=None, name="documentationURL")
    license_url: str | None = field(default=None, name="licenseURL")
    keywords: tuple[str, ...] | str | None = None
    options: dict[str, Option] = {}
    deprecated: bool = False
    legacy_ids: tuple[str, ...] = ()
    current_id: str | None = None
    """The new name, where this was published under an old one (the packager adds it)."""

    depends_on: dict[str, object] = {}
    """Reference as written → its options; recursive."""
    installs_after: tuple[str, ...] = ()
    """References without versions; only an order, nothing is installed for it."""

    container_env: dict[str, str] = {}
    init: bool | None = None
    privileged: bool | None = None
    cap_add: tuple[str, ...] | None = None
    security_opt: tuple[str, ...] | None = None
    entrypoint: str | None = None
    mounts: tuple[str | MountObject, ...] | None = None
    customizations: dict[str, object] | None = None
    on_create_command: HookValue | None = None
    update_content_command: HookValue | None = None
    post_create_command: HookValue | None = None
    post_start_command: HookValue | None = None
    post_attach_command: HookValue | None = None


def load(document: Document) -> tuple[Feature, tuple[Warning, ...]]:
    """The typed Feature of a file, and what its author should know.

    Raises WrongType or BadFeature with file:line:column. Ids, versions and names of variables that could mean
    something else to a shell, a path or a Dockerfile are refused here: nobody has to think of it later.
    """
    given = modernise({key: each for key, each in document.value.items() if each is not None})
    try:
        feature = msgspec.convert(given, Feature)
    except msgspec.ValidationError as error:
        from moorage.devcontainer.wrong_type import wrong_type  # only broken files pay for the explanation

        raise wrong_type(document, given, Feature, error) from None
    for path, text, pattern, what in _fixed_forms(feature):
        if not pattern.fullmatch(text):
            raise _bad(
                document, path, f"{path_text(path)} is {_shown(text)}, which is not {what}", _FORM_HINT
            )
    _check_mounts(document, feature)
    return feature, tuple(_warnings(document, feature))


def entry(reference: str, raw: Mapping[str, object]) -> Entry:
    """What the metadata label keeps of an installed Feature, by its reference as written; not substituted."""
    modern = modernise(raw)
    return {"id": reference, **{key: modern[key] for key in _KEPT if modern.get(key) is not None}}


def remarks(feature: Feature, reference: str) -> tuple[Warning, ...]:
    """What whoever uses a Feature should know: that it is deprecated, or has another name today."""
    found: list[Warning] = []
    if feature.deprecated:
        found.append(
            Warning(
                code="deprecated-feature",
                text=f"The Feature {_shown(reference)} is deprecated and gets no further updates.",
                hint=f"See {feature.documentation_url}." if feature.documentation_url else "",
            )
        )
    if feature.current_id and feature.current_id != feature.id:
        found.append(
            Warning(
                code="renamed-feature",
                text=f"The Feature {_shown(reference)} is called {_shown(feature.current_id)} today.",
                hint=f"Write {feature.current_id} in place of {feature.id}.",
            )
        )
    return tuple(found)


_FORM_HINT = "Correct the devcontainer-feature.json."
_AN_ID = "an id (letters, digits, and . _ - after the first)"


def _fixed_forms(feature: Feature) -> Iterator[tuple[Path, str, re.Pattern[str], str]]:
    yield ("id",), feature.id, _NAME, _AN_ID
    yield ("version",), feature.version, _VERSION, "a version such as 1.2.3"
    if feature.current_id is not None:
        yield ("currentId",), feature.current_id, _NAME, _AN_ID
    for index, old in enumerate(feature.legacy_ids):
        yield ("legacyIds", index), old, _NAME, _AN_ID
    for name in feature.container_env:
        yield ("containerEnv", name), name, _VARIABLE, "a name of a variable"


def _check_mounts(document: Document, feature: Feature) -> None:
    for index, mount in enumerate(feature.mounts or ()):
        if not isinstance(mount, str):
            continue
        try:
            parse_mount(mount)
        except BadMount as error:
            raise _bad(document, ("mounts", index), error.message.rstrip("."), error.hint) from None


def _warnings(document: Document, feature: Feature) -> Iterator[Warning]:
    yield from duplicates(document)
    yield from unknown_properties(document, (*Feature.__struct_encode_fields__, "$schema"), _INSIDE)
    for key in ("version", "name"):
        if not document.value.get(key):
            yield _warning(document, (), "incomplete-feature", f'"{key}" is missing', f'Add "{key}".')
    for name, option in feature.options.items():
        yield from _about_option(document, ("options", name), option)


def _about_option(document: Document, path: Path, option: Option) -> Iterator[Warning]:
    where = path_text(path)
    if option.type not in ("string", "boolean"):
        what = f'{where} has the type {_shown(option.type)}; it counts as "string"'
        yield _warning(document, (*path, "type"), "unknown-option-type", what, 'Write "string" or "boolean".')
    if option.default is None:
        yield _warning(document, path, "incomplete-option", f"{where} has no default", 'Add "default".')
    elif option.enum is not None and option.default not in option.enum:
        what = f"the default of {where} is none of its enum"
        yield _warning(document, (*path, "default"), "default-outside-enum", what, "Add it to the enum.")


_INSIDE: dict[Path, type[msgspec.Struct]] = {("options", "*"): Option, ("mounts", "*"): MountObject}


def _warning(document: Document, path: Path, code: str, what: str, hint: str) -> Warning:
    return Warning(code=code, text=f"{_place(document, path)}: {what}.", hint=hint)


def _bad(document: Document, path: Path, what: str, hint: str) -> BadFeature:
    line, column = document.position(path)
    return BadFeature(
        f"{_place(document, path)}: {what}.", evidence=excerpt(document.text, line, column), hint=hint
    )


def _place(document: Document, path: Path) -> str:
    line, column = document.position(path)
    return f"{document.file}:{line}:{column}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
