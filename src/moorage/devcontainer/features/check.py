"""What is wrong, or should be known, about the Features of a devcontainer.json, told with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.feature import remarks
from moorage.devcontainer.features.options import canonical
from moorage.devcontainer.features.order import Order
from moorage.devcontainer.features.reference import parse
from moorage.devcontainer.jsonc import Document, Path, excerpt
from moorage.devcontainer.warnings import Warning
from moorage.errors import MoorageError

E = TypeVar("E", bound=MoorageError)


def check_references(document: Document, *, auto_mapping: bool = True) -> None:
    """Before anything is looked up. Raises BadFeatureReference with file:line:column."""
    for path, text in _references(document):
        try:
            parse(text, auto_mapping=auto_mapping)
        except MoorageError as error:
            raise _placed(document, path, error) from None


def check_order(document: Document, order: Order) -> tuple[Warning, ...]:
    """When all is looked up: remarks on order, Features and options, those of the file with their place.

    Raises BadFeatureOption; what stands in the file with file:line:column.
    """
    return (*order.remarks, *(each for install in order.installs for each in _about(document, install)))


def _references(document: Document) -> Iterator[tuple[Path, str]]:
    features = document.value.get("features")
    if isinstance(features, dict):
        yield from ((("features", text), text) for text in features)
    override = document.value.get("overrideFeatureInstallOrder")
    if isinstance(override, list):
        yield from (
            (("overrideFeatureInstallOrder", index), text)
            for index, text in enumerate(override)
            if isinstance(text, str)
        )


def _about(document: Document, install: Install) -> Iterator[Warning]:
    found = install.found
    path: Path = ("features", found.reference)
    own = not install.needed_by and path in document.offsets
    try:
        options = canonical(found.reference, install.value, found.feature, strict=not install.needed_by)
    except MoorageError as error:
        raise (_placed(document, path, error) if own else error) from None
    for remark in (*remarks(found.feature, found.reference), *options.remarks):
        text = f"{_place(document, path)}: {remark.text}" if own else remark.text
        yield msgspec.structs.replace(remark, text=text)


def _placed(document: Document, path: Path, error: E) -> E:
    line, column = document.key_position(path)
    return type(error)(
        f"{_place(document, path)}: {error.message}",
        evidence=excerpt(document.text, line, column),
        hint=error.hint,
    )


def _place(document: Document, path: Path) -> str:
    line, column = document.key_position(path)
    return f"{document.file}:{line}:{column}"
