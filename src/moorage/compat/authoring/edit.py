"""Adds Features to the text of a devcontainer.json; comments, order and indentation stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from moorage.compat.authoring.template import BadTemplate
from moorage.devcontainer.jsonc import parse

_INDENTED = re.compile(r"^([ \t]+)\S", re.M)


def with_features(data: bytes, file: str, features: Mapping[str, object]) -> bytes:
    """The file with these Features; one that it names already keeps what it says.

    Raises BrokenJson, and BadTemplate where "features" is no object.
    """
    document = parse(data, file)
    known = document.value.get("features", {})
    if not isinstance(known, dict):
        raise BadTemplate(f'{file}: "features" must be an object.', hint="Correct it in the Template.")
    new = {name: value for name, value in features.items() if name not in known}
    if not new:
        return data
    match = _INDENTED.search(document.text)
    unit = match[1] if match else "    "
    if "features" in document.value:
        brace, members, depth, last = document.offsets[("features",)][1], new, 2, not known
    else:
        brace, members, depth, last = document.offsets[()][1], {"features": new}, 1, not document.value
    return _inserted(document.text, brace, members, unit, depth, last=last).encode()


def _inserted(
    text: str, brace: int, members: Mapping[str, object], unit: str, depth: int, *, last: bool
) -> str:
    """New members stand first: there a comma after them is right, and no comment is in the way."""
    written = ",".join(
        f"\n{unit * depth}{_member(name, value, unit, depth)}" for name, value in members.items()
    )
    before, after = text[: brace + 1], text[brace + 1 :]
    if not last:
        return f"{before}{written},{after}"
    closing = f"\n{unit * (depth - 1)}" if after.lstrip().startswith("}") else ""
    return f"{before}{written}{closing}{after.lstrip() if closing else after}"


def _member(name: str, value: object, unit: str, depth: int) -> str:
    text = json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", f"\n{unit * depth}")
    return f"{json.dumps(name)}: {text}"
