"""Where templates are found: the user's own folder, what is built in, or a path; and a copy to extend."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from moorage.devcontainer.spelling import did_you_mean
from moorage.errors import MoorageError
from moorage.templates.document import parse
from moorage.templates.errors import BadTemplate, NoTemplate, TemplateExists
from moorage.templates.reading import read
from moorage.templates.template import FILE, Template
from moorage.workspace.preferences import file_of

_BUILT_IN = Path(__file__).with_name("builtin")
_NAME = r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?"

Origin = Literal["built in", "own"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One template that can be named; `fault` says why it cannot be used."""

    name: str
    origin: Origin
    folder: str
    template: Template | None = None
    fault: str = ""


def own_folder(environ: Mapping[str, str]) -> Path:
    """The folder `templates` beside config.toml."""
    return Path(file_of(environ)).with_name("templates")


def entries(environ: Mapping[str, str]) -> tuple[Entry, ...]:
    """All that can be named, by name; one's own comes before a built-in one of the same name."""
    found = {}
    places: tuple[tuple[Origin, Path], ...] = (("built in", _BUILT_IN), ("own", own_folder(environ)))
    for origin, place in places:
        for file in place.glob(f"*/{FILE}"):
            found[file.parent.name] = _entry(file.parent, origin)
    return tuple(found[name] for name in sorted(found))


def load(text: str, environ: Mapping[str, str]) -> Template:
    """The template of this name, or in this folder. Raises NoTemplate, BadTemplate."""
    folder = folder_of(text, environ)
    is_name = folder.name == text
    return _load(folder, text if is_name else str(folder))


def folder_of(text: str, environ: Mapping[str, str]) -> Path:
    """A path has a slash in it or is a folder with dots for a name; all else is a name. Raises NoTemplate."""
    if "/" in text or text in (".", "..", FILE):
        folder = Path(text)
        folder = folder.parent if folder.name == FILE else folder
        if not (folder / FILE).is_file():
            raise NoTemplate(f"There is no {folder / FILE}.", hint="Name a folder that has one.")
        return Path(os.path.abspath(folder))  # noqa: PTH100  # symbolic links as they were written
    for place in (own_folder(environ), _BUILT_IN):
        if re.fullmatch(_NAME, text) and (place / text / FILE).is_file():
            return place / text
    names = [each.name for each in entries(environ)]
    raise NoTemplate(
        f"There is no template {text!r}.",
        hint=did_you_mean(text, names) or f"There are {', '.join(names)}; ./{text} is a folder.",
    )


def readme(template: Template) -> str:
    """The text of its README.md; "" where there is none that can be read."""
    try:
        return (Path(template.folder) / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def checked_name(name: str) -> None:
    """Raises NoTemplate for what cannot be a template's name."""
    if not re.fullmatch(_NAME, name):
        raise NoTemplate(
            f"{name!r} cannot be a template's name.",
            hint="Use a-z, 0-9, -, _ and ., a letter or digit first.",
        )


def copy(text: str, target: Path, environ: Mapping[str, str]) -> Path:
    """A copy of a template to go on from, no longer marked as verified. Raises NoTemplate, TemplateExists."""
    from shutil import copytree

    folder = folder_of(text, environ)
    _load(folder)
    if target.exists():
        raise TemplateExists(f"{target} is there already.", hint="Choose another name, or remove it first.")
    try:
        copytree(folder, target)
        file = target / FILE
        file.write_text(re.sub(r"(?m)^verified:.*$", "verified: false", file.read_text(encoding="utf-8")))
    except OSError as error:
        raise NoTemplate(f"{target} cannot be written: {error}.", hint="Choose another folder.") from error
    return target


def _load(folder: Path, reference: str = "") -> Template:
    file = folder / FILE
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadTemplate(f"{file} cannot be read: {error.strerror}.", hint="Correct its rights.") from error
    return read(parse(data, str(file)), folder.name, str(folder), reference)


def _entry(folder: Path, origin: Origin) -> Entry:
    bare = Entry(name=folder.name, origin=origin, folder=str(folder))
    try:
        return msgspec.structs.replace(bare, template=_load(folder))
    except MoorageError as error:
        return msgspec.structs.replace(bare, fault=error.message)
