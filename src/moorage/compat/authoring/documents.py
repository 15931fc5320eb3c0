"""Writes the README of a Feature or Template from its metadata. Pure but for `write`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from moorage.compat.authoring.collection import FILES, Item
from moorage.devcontainer.features.feature import Option

NOTES = "NOTES.md"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the collection is published, and where its repository is ("" where that is not told)."""

    registry: str = "ghcr.io"
    namespace: str = ""
    github: str = ""
    """owner/repository"""


def write(items: Sequence[Item], place: Place) -> list[Path]:
    """README.md in each folder, with what its NOTES.md says; the files that were written."""
    written = []
    for item in items:
        notes = item.folder / NOTES
        path = item.folder / "README.md"
        path.write_text(text(item, place, notes.read_text() if notes.is_file() else ""))
        written.append(path)
    return written


def text(item: Item, place: Place, notes: str = "") -> str:
    """The README. What an author wrote stands as it is, but for what would break a table."""
    parts = (
        f"# {_string(item.raw, 'name') or item.id} ({item.id})",
        *_warnings(item),
        _string(item.raw, "description"),
        *(_usage(item, place) if item.kind == "feature" else ()),
        *_options(item.options),
        *_extensions(item.raw),
        *_links(item.raw),
        notes.strip(),
        "---",
        _origin(item, place),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _warnings(item: Item) -> Iterator[str]:
    if item.raw.get("deprecated"):
        yield "> **Deprecated:** this Feature gets no further updates."
    if item.legacy_ids:
        names = ", ".join(f"`{id}`" for id in item.legacy_ids)
        yield f"> **Renamed:** it was published as {names} before."


def _usage(item: Item, place: Place) -> Iterator[str]:
    path = "/".join(part for part in (place.registry, place.namespace, item.id) if part)
    yield "## Usage"
    yield f'```json\n"features": {{\n    "{path}:{item.version.partition(".")[0]}": {{}}\n}}\n```'


def _options(options: Mapping[str, Option]) -> Iterator[str]:
    if not options:
        return
    yield "## Options"
    head = "| Option | Description | Type | Default |\n| --- | --- | --- | --- |"
    rows = (_row(name, option) for name, option in options.items())
    yield "\n".join((head, *rows))


def _row(name: str, option: Option) -> str:
    default = option.default
    shown = str(default).lower() if isinstance(default, bool) else str("" if default is None else default)
    values = option.enum or option.proposals
    kind = option.type if values is None else f"{option.type}: {', '.join(f'`{each}`' for each in values)}"
    cells = (f"`{name}`", option.description or "", kind, f"`{shown}`" if shown else "")
    return f"| {' | '.join(_cell(each) for each in cells)} |"


def _cell(text: str) -> str:
    """One line without a bar of its own, which would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def _extensions(raw: Mapping[str, object]) -> Iterator[str]:
    customizations = raw.get("customizations")
    vscode = customizations.get("vscode") if isinstance(customizations, dict) else None
    extensions = vscode.get("extensions") if isinstance(vscode, dict) else None
    if isinstance(extensions, list) and extensions:
        yield "## Extensions for VS Code"
        yield "\n".join(f"- `{each}`" for each in extensions)


def _links(raw: Mapping[str, object]) -> Iterator[str]:
    named = {"documentationURL": "Documentation", "licenseURL": "License"}
    links = [f"[{label}]({url})" for key, label in named.items() if (url := _string(raw, key))]
    if links:
        yield " · ".join(links)


def _origin(item: Item, place: Place) -> str:
    file = FILES[item.kind]
    link = f"https://github.com/{place.github}/blob/main/src/{item.id}/{file}"
    source = f"[{file}]({link})" if place.github else f"`{file}`"
    return f"_Made from {source}. Write what is missing here into `{NOTES}`._"


def _string(raw: Mapping[str, object], key: str) -> str:
    value = raw.get(key)
    return value.strip() if isinstance(value, str) else ""
