"""`${parameter.cpu}` and `${variable.namespace}` in a template's values. No expressions, only names.

A value that is one reference and nothing else takes the setting's own type; in a longer text it is written
out. What refers to a setting without a value has none itself. `$${` stands for `${`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from moorage.devcontainer.jsonc import Path
from moorage.spec.template import Value

_ANY = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_REFERENCE = re.compile(r"(parameter|variable)\.([A-Za-z0-9_-]+)")

Values = Mapping[str, Value]
"""By the text between the braces: "parameter.cpu"."""


def references(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every reference in a value, with where it stands; also those that are none (`well_formed`)."""
    if isinstance(value, str):
        yield from ((path, match[1]) for match in _ANY.finditer(value) if match[1] is not None)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from references(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from references(each, (*path, index))


def well_formed(reference: str) -> bool:
    """Whether it is parameter.NAME or variable.NAME."""
    return _REFERENCE.fullmatch(reference) is not None


def substitute(value: object, values: Values) -> object:
    """The value with its references filled in; None where one of them has no value.

    Of lists and mappings only what has no value is left out. Every reference must be in `values`.
    """
    if isinstance(value, str):
        return _text(value, values)
    if isinstance(value, list):
        return [each for each in (substitute(each, values) for each in value) if each is not None]
    if isinstance(value, dict):
        filled = ((key, substitute(each, values)) for key, each in value.items())
        return {key: each for key, each in filled if each is not None}
    return value


def written(value: Value) -> str:
    """A value inside a text: numbers without needless digits, lists with commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _text(text: str, values: Values) -> object:
    whole = _ANY.fullmatch(text)
    if whole is not None and whole[1] is not None:
        found = values[whole[1]]
        return list(found) if isinstance(found, tuple) else found
    if any(values[name] is None for _, name in references(text)):
        return None
    return _ANY.sub(lambda match: "${" if match[1] is None else written(values[match[1]]), text)
