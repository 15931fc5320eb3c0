"""Brings a Template's files into a folder, with its options filled in and Features added.

Nothing is written before everything is decided, and nothing through a link of the folder that leads out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from moorage.compat.authoring.edit import with_features
from moorage.compat.authoring.template import FILE, KEPT_BACK, Template, load, omitted
from moorage.devcontainer.features.reference import OciReference
from moorage.devcontainer.jsonc import parse
from moorage.errors import RefusedError, UsageError
from moorage.facts.features.cache import tree
from moorage.facts.features.errors import FeatureUnusable
from moorage.facts.features.finder import Finder

_OPTION = re.compile(rb"\$\{templateOption:\s*([^{}\s][^{}]*?)\s*\}")
_CONFIGURATIONS = (".devcontainer/devcontainer.json", ".devcontainer.json")


class BadTemplateOption(UsageError):
    """An option that the Template does not have, or a value that it does not take."""

    code = "bad-template-option"


class WouldLeadOut(RefusedError):
    """A file of the Template would be written outside of the folder."""

    code = "template-leads-out"


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """A Feature to add to the Template's configuration."""

    id: str
    options: dict[str, object] = {}


async def apply(
    reference: OciReference,
    folder: Path,
    finder: Finder,
    *,
    options: Mapping[str, str | bool],
    features: Sequence[Addition] = (),
    omit: Sequence[str] = (),
) -> list[str]:
    """The paths that were written, each with "./" in front. Files that are there are replaced.

    Raises BadTemplateOption, WouldLeadOut, FeatureUnusable, and the errors of the registry.
    """
    source = await finder.files(await finder.artifact(reference))
    metadata = source / FILE
    if not metadata.is_file():
        raise FeatureUnusable(f"{reference.base} is not a Template: it has no {FILE}", hint="Check its name.")
    template = load(parse(metadata.read_bytes(), f"{reference.base} ({FILE})"))
    values = chosen(template, options)
    prepared = {
        entry.path: (filled((source / entry.path).read_bytes(), values), entry.executable)
        for entry in tree(source).entries
        if entry.kind == "file" and entry.path not in KEPT_BACK and not omitted(entry.path, omit)
    }
    for path in _CONFIGURATIONS:
        if features and path in prepared:
            data, executable = prepared[path]
            prepared[path] = with_features(data, path, features_of(features)), executable
            break
    _check(folder, prepared)
    for path, (data, executable) in prepared.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o755 if executable else 0o644)
    return [f"./{path}" for path in prepared]


def chosen(template: Template, options: Mapping[str, str | bool]) -> dict[str, str]:
    """A text for every option: as given, else its default. Raises BadTemplateOption."""
    for name in options:
        if name not in template.options:
            from moorage.devcontainer.spelling import did_you_mean  # for mistakes only

            raise BadTemplateOption(
                f"The Template {template.id!r} has no option {name!r}.",
                hint=did_you_mean(name, template.options)
                or f"It has: {', '.join(template.options) or 'none'}.",
            )
    values = {}
    for name, option in template.options.items():
        value = options.get(name, option.default)
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        allowed = [str(each) for each in option.enum or ()]
        if option.type == "boolean":
            allowed = ["true", "false"]
        if name in options and allowed and text not in allowed:
            raise BadTemplateOption(
                f"The option {name!r} does not take {text!r}.", hint=f"Choose one of: {', '.join(allowed)}."
            )
        values[name] = text
    return values


def filled(data: bytes, values: Mapping[str, str]) -> bytes:
    """The file with `${templateOption:name}` replaced; one that nobody declared becomes nothing.

    Bytes stay bytes: a file that is no text, and names no option, is the same afterwards.
    """
    return _OPTION.sub(lambda match: values.get(match[1].decode("utf-8", "replace"), "").encode(), data)


def features_of(features: Sequence[Addition]) -> dict[str, object]:
    """As devcontainer.json writes them."""
    return {each.id: each.options for each in features}


def _check(folder: Path, prepared: Mapping[str, object]) -> None:
    top = folder.resolve()
    for path in prepared:
        if not (folder / path).resolve().is_relative_to(top):
            raise WouldLeadOut(
                f"{folder / path} is behind a link that leads out of {folder}.", hint="Remove the link first."
            )
