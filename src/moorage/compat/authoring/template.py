"""What a devcontainer-template.json says, as typed data, and what a publisher adds to it."""

# No `from __future__ import annotations`: msgspec resolves the types when the module is loaded.

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec
from msgspec import field

from moorage.devcontainer.features.feature import Option
from moorage.devcontainer.jsonc import Document
from moorage.errors import ConfigurationError

FILE = "devcontainer-template.json"
KEPT_BACK = (FILE, "README.md", "NOTES.md")
"""Files about the Template, which nobody wants in a workspace."""

_ID = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


class BadTemplate(ConfigurationError):
    """A devcontainer-template.json that is no Template's."""

    code = "bad-template"


class Template(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One devcontainer-template.json."""

    id: str
    version: str = ""
    name: str | None = None
    description: str | None = None
    documentation_url: str | None = field(default=None, name="documentationURL")
    license_url: str | None = field(default=None, name="licenseURL")
    publisher: str | None = None
    keywords: tuple[str, ...] | None = None
    platforms: tuple[str, ...] | None = None
    options: dict[str, Option] = {}
    optional_paths: tuple[str, ...] = ()


def load(document: Document) -> Template:
    """The typed Template of a file. Raises WrongType with file:line:column."""
    given = {key: each for key, each in document.value.items() if each is not None}
    try:
        template = msgspec.convert(given, Template)
    except msgspec.ValidationError as error:
        from moorage.devcontainer.wrong_type import wrong_type  # only broken files pay for the explanation

        raise wrong_type(document, given, Template, error) from None
    if not _ID.fullmatch(template.id):
        raise BadTemplate(
            f"{document.file}: the id {template.id!r} is none (letters, digits, and . _ - inside).",
            hint="Correct the id.",
        )
    return template


def described(
    raw: Mapping[str, object], files: Iterable[str], configuration: Mapping[str, object]
) -> dict[str, object]:
    """The metadata as it is published: with the kind of its configuration, its files and its Features."""
    names = sorted(files)
    features = configuration.get("features")
    described = {
        **raw,
        "type": _kind(configuration),
        "files": names,
        "fileCount": len(names),
        "featureIds": [_id(each) for each in features] if isinstance(features, dict) else [],
    }
    optional = raw.get("optionalPaths")
    if isinstance(optional, list):
        described["optionalPaths"] = [_path(str(each), names) for each in optional]
    return described


def omitted(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is one of those to leave out; `folder/*` is all that is below the folder."""
    for pattern in patterns:
        plain = pattern.removeprefix("./")
        if plain.endswith("/*") and path.startswith(plain[:-1]):
            return True
        if path == plain or fnmatchcase(path, plain):
            return True
    return False


def _kind(configuration: Mapping[str, object]) -> str:
    if configuration.get("dockerComposeFile"):
        return "dockerCompose"
    if configuration.get("dockerFile") or configuration.get("build"):
        return "dockerfile"
    return "image" if configuration.get("image") else "unknown"


def _id(reference: str) -> str:
    """A Feature without its version."""
    head, _, name = reference.partition("@")[0].rpartition("/")
    return f"{head}/{name.partition(':')[0]}" if head else name.partition(":")[0]


def _path(pattern: str, files: list[str]) -> str:
    """A folder of one file is named by that file, as the reference CLI publishes it."""
    if not pattern.endswith("/*"):
        return pattern
    inside = [name for name in files if name.startswith(pattern[:-1])]
    return inside[0] if len(inside) == 1 else pattern
