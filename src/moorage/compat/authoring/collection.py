"""The Features or Templates of an author: one folder each, as they are in the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from moorage.compat.authoring import template
from moorage.devcontainer.features.feature import Option
from moorage.devcontainer.features.versions import precedence
from moorage.devcontainer.jsonc import parse
from moorage.devcontainer.warnings import Warning
from moorage.errors import ConfigurationError
from moorage.facts.features import metadata
from moorage.facts.features.cache import tree
from moorage.facts.features.local import check_links

Kind = Literal["feature", "template"]

FILES: dict[Kind, str] = {"feature": metadata.FILE, "template": template.FILE}


class NoCollection(ConfigurationError):
    """The folder holds nothing to pack."""

    code = "no-collection"


class BadCollection(ConfigurationError):
    """Something in the folder cannot be published as it is."""

    code = "bad-collection"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One Feature or Template to publish. `metadata` is what is published of it, `raw` what its file says."""

    kind: Kind
    folder: Path
    id: str
    version: str
    raw: dict[str, object]
    metadata: dict[str, object]
    options: dict[str, Option] = {}
    legacy_ids: tuple[str, ...] = ()


def collection(target: Path, kind: Kind, tell: Callable[[Warning], None]) -> tuple[Item, ...]:
    """The items of `target`: a folder of folders (or the `src` in it), or the folder of one alone, by id.

    Raises NoCollection, BadCollection, FeatureOutside, and the errors of the metadata.
    """
    file = FILES[kind]
    if (target / file).is_file():
        return (_item(target, kind, tell),)
    top = target / "src" if (target / "src").is_dir() and not _inside(target, file) else target
    found = _inside(top, file)
    for folder in sorted(path for path in _listed(top) if path.is_dir() and path not in found):
        tell(Warning(code="not-packed", text=f"{folder} is left out: it has no {file}."))
    if not found:
        raise NoCollection(
            f"{top} has no {kind}s.",
            evidence=(f"looked for {file} in it and in its folders",),
            hint=f"Name the folder of the collection, or that of one {kind}.",
        )
    items = [_item(folder, kind, tell) for folder in found]
    for item in items:
        if item.id != item.folder.name:
            raise BadCollection(
                f"The {kind} in {item.folder} has the id {item.id!r}; it must be its folder's name.",
                hint=f"Rename the folder, or the id in {file}.",
            )
    return tuple(sorted(items, key=lambda item: item.id))


def _item(folder: Path, kind: Kind, tell: Callable[[Warning], None]) -> Item:
    item = _feature(folder, tell) if kind == "feature" else _template(folder)
    try:
        precedence(item.version.replace("+", " "))  # a tag has no place for what follows a plus
    except ValueError:
        raise BadCollection(
            f"{folder / FILES[kind]}: the version {item.version!r} is not of the form 1.2.3.",
            hint="Write a semantic version (https://semver.org).",
        ) from None
    check_links(folder, tree(folder))
    return item


def _feature(folder: Path, tell: Callable[[Warning], None]) -> Item:
    found = metadata.read_file(folder, str(folder / metadata.FILE))
    for warning in found.warnings:
        tell(warning)
    if not (folder / metadata.INSTALL).is_file():
        hint = "Add it, also where it has nothing to do."
        raise BadCollection(f"{folder} has no {metadata.INSTALL}.", hint=hint)
    feature = found.feature
    renamed = {"currentId": feature.id} if feature.legacy_ids else {}
    return Item(
        kind="feature",
        folder=folder,
        id=feature.id,
        version=feature.version,
        raw=found.raw,
        metadata={**found.raw, **renamed},
        options=feature.options,
        legacy_ids=feature.legacy_ids,
    )


def _template(folder: Path) -> Item:
    path = folder / template.FILE
    document = parse(path.read_bytes(), str(path))
    found = template.load(document)
    files = [entry.path for entry in tree(folder).entries if entry.kind != "folder"]
    return Item(
        kind="template",
        folder=folder,
        id=found.id,
        version=found.version,
        raw=document.value,
        metadata=template.described(document.value, files, _configuration(folder)),
        options=found.options,
    )


def _configuration(folder: Path) -> dict[str, object]:
    for place in (".devcontainer/devcontainer.json", ".devcontainer.json"):
        path = folder / place
        if path.is_file():
            return parse(path.read_bytes(), str(path)).value
    raise BadCollection(
        f"{folder} has no devcontainer.json.", hint="Add .devcontainer/devcontainer.json to the Template."
    )


def _inside(folder: Path, file: str) -> list[Path]:
    return [path for path in _listed(folder) if (path / file).is_file()]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise NoCollection(
            f"{folder} cannot be looked into: {error.strerror}.", hint="Name a folder."
        ) from None
