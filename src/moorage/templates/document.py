"""YAML as data with the place of every value: what errors in a template point to.

Scalars are read by the core schema of YAML 1.2, so that `no` is a text and `010` is ten. A document of a
stranger is read, so nothing in it may grow: no aliases, no tags, limits of size and depth.
"""

from __future__ import annotations

import re

import yaml

from moorage.devcontainer.jsonc import Document, Path, excerpt
from moorage.templates.errors import BadTemplate

_LARGEST = 256 * 1024
_DEEPEST = 40
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_CORE = "tag:yaml.org,2002:"
_PLAIN = {f"{_CORE}{each}" for each in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")}
"""What the library takes scalars without a tag for."""


def parse(data: bytes, file: str) -> Document:
    """Read a file whose top is a mapping. Raises BadTemplate with file:line:column for what is no YAML."""
    if len(data) > _LARGEST:
        raise BadTemplate(f"{file} is larger than {_LARGEST // 1024} KiB.", hint="Make it shorter.")
    try:
        text = data.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadTemplate(f"{file} is not UTF-8: {error}.", hint="Save it as UTF-8.") from None
    try:
        _refuse_what_grows(text, file)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _no_yaml(error, text, file) from None
    reader = _Reader(text, file)
    if not isinstance(node, yaml.MappingNode):
        raise _at(text, file, 1, 1, "the file must be a mapping: name: value")
    value = reader.mapping(node, ())
    return Document(
        file=file, text=text, value=value, duplicates=tuple(reader.duplicates), offsets=reader.offsets
    )


class _Reader:
    """Turns nodes into values and notes where they stand."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.offsets: dict[Path, tuple[int, int]] = {(): (0, 0)}
        self.duplicates: list[Path] = []

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.fault(key, "a key must be a text")
            name = str(key.value)
            if name in found:
                self.duplicates.append((*path, name))
            found[name] = self.value(value, (*path, name), key.start_mark.index)
        return found

    def value(self, node: yaml.Node, path: Path, key: int) -> object:
        self.offsets[path] = (key, node.start_mark.index)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_CORE}map":
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_CORE}seq":
            items = enumerate(node.value)
            return [self.value(item, (*path, index), item.start_mark.index) for index, item in items]
        if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN:
            return scalar(node.value) if node.style is None else str(node.value)
        raise self.fault(node, f"the tag {node.tag} is not read")

    def fault(self, node: yaml.Node, text: str) -> BadTemplate:
        return _at(self.text, self.file, node.start_mark.line + 1, node.start_mark.column + 1, text)


def scalar(text: str) -> object:
    """A plain scalar by the core schema: null, true, a number, else the text itself."""
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _refuse_what_grows(text: str, file: str) -> None:
    """Before any node is made: parsing goes by events, which need no more room than the text."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if isinstance(event, yaml.AliasEvent):
            raise _at(text, file, line, column, "aliases (*name) are not read: write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _at(text, file, line, column, f"values are nested more than {_DEEPEST} deep")


def _no_yaml(error: yaml.YAMLError, text: str, file: str) -> BadTemplate:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or " ".join(str(error).split())
    if mark is None:
        return BadTemplate(f"{file}: this is not YAML: {what}.", hint="Correct it, then run it again.")
    return _at(text, file, mark.line + 1, mark.column + 1, f"this is not YAML: {what}")


def _at(text: str, file: str, line: int, column: int, what: str) -> BadTemplate:
    lines = text.count("\n") + 1
    shown = excerpt(text, min(line, lines), column)
    return BadTemplate(f"{file}:{line}:{column}: {what}.", evidence=shown, hint="Correct it, then try again.")
