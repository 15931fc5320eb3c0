"""From a parsed template.yaml to a Template; all its faults are found in one reading."""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from typing import cast

import msgspec

from moorage.devcontainer.jsonc import Document, Path, path_text
from moorage.devcontainer.spelling import did_you_mean
from moorage.spec.template import Value
from moorage.templates.drivers import DRIVERS
from moorage.templates.faults import Faults
from moorage.templates.fields import Fields
from moorage.templates.mapping import check
from moorage.templates.references import references, well_formed
from moorage.templates.template import Choice, Kind, Mapping, Setting, Template, Type, Validation
from moorage.templates.values import BadValue, typed, validated

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_TYPES: tuple[Type, ...] = ("string", "number", "bool", "list")
_PLURAL: dict[Kind, str] = {"parameter": "parameters", "variable": "variables"}


def read(document: Document, name: str, folder: str, reference: str = "") -> Template:
    """The template; `reference` is how it was named. Raises BadTemplate with every fault and its place."""
    faults = Faults(document)
    top = Fields(document.value, (), faults)
    template = Template(
        name=name,
        folder=folder,
        reference=reference or name,
        display_name=top.get("display_name", str, ""),
        description=top.get("description", str, ""),
        icon=top.get("icon", str, ""),
        maintainer=top.get("maintainer", str, ""),
        verified=top.get("verified", bool, False),
        tags=top.texts("tags"),
        driver=top.word("driver", DRIVERS, "docker"),
        parameters=tuple(sorted(_settings(top, "parameter"), key=lambda each: each.order)),
        variables=_settings(top, "variable"),
        workspace=_mapping(top),
    )
    top.rest()
    _names(template, faults)
    if _references(template, faults):
        check(template, faults)
    faults.raised(template.reference)
    return template


def _settings(top: Fields, kind: Kind) -> tuple[Setting, ...]:
    found = []
    for name, value in top.members(_PLURAL[kind]).items():
        path: Path = (_PLURAL[kind], name)
        if not _NAME.fullmatch(name):
            top.faults.at_key(path, f"{name!r} cannot be a name: letters, digits, _ and -, a letter first")
        found.append(_setting(name, kind, Fields(value, path, top.faults)))
    return tuple(found)


def _setting(name: str, kind: Kind, given: Fields) -> Setting:
    type_ = cast("Type", given.word("type", _TYPES, "string"))
    bare = Setting(kind=kind, name=name, type=type_)
    parameter = kind == "parameter"
    setting = Setting(
        kind=kind,
        name=name,
        type=type_,
        display_name=given.get("display_name", str, ""),
        description=given.get("description", str, ""),
        icon=given.get("icon", str, ""),
        required=not given.has("default"),
        default=_value(given, "default", bare),
        options=_choices(given, bare),
        validation=_validation(given, type_),
        mutable=given.get("mutable", bool, False) if parameter else True,
        ephemeral=given.get("ephemeral", bool, False) if parameter else False,
        order=given.get("order", int, 0) if parameter else 0,
        aliases=given.texts("aliases"),
        unavailable=given.get("unavailable", str, ""),
    )
    given.rest()
    _together(setting, given)
    return setting


def _together(setting: Setting, given: Fields) -> None:
    """What only several keys at once can get wrong."""
    if setting.ephemeral and (setting.required or not setting.mutable):
        given.faults.at(
            (*given.path, "ephemeral"),
            f"{given.named('ephemeral')} needs `mutable: true` and a default: it counts for one run only",
        )
    if setting.unavailable and setting.required:
        given.faults.at(
            (*given.path, "unavailable"),
            f"{given.named('unavailable')} needs a default: no other value counts",
        )
    if setting.validation.monotonic and not setting.mutable:
        given.faults.at(
            (*given.path, "validation", "monotonic"),
            f"{given.named('validation')}.monotonic has no meaning where `mutable` is false",
        )
    try:
        validated(setting.default, setting)
    except BadValue as error:
        given.faults.at((*given.path, "default"), f"the default does not fit: {error}")


def _value(given: Fields, name: str, setting: Setting) -> Value:
    found = given.value.get(name)
    try:
        return None if found is None else typed(found, setting)
    except BadValue as error:
        given.faults.at((*given.path, name), str(error))
        return None


def _choices(given: Fields, setting: Setting) -> tuple[Choice, ...]:
    """Values as they are, or mappings with a value; those of a list are its items'."""
    item = msgspec.structs.replace(setting, type="string") if setting.type == "list" else setting
    found: list[Choice] = []
    for index, each in enumerate(given.get("options", list, [])):
        path = (*given.path, "options", index)
        fields = Fields(each if isinstance(each, dict) else {"value": each}, path, given.faults)
        if not fields.has("value") or fields.value["value"] is None:
            given.faults.at(path, f"{path_text(path)} needs a value")
            continue
        choice = Choice(
            value=_value(fields, "value", item),
            name=fields.get("name", str, ""),
            description=fields.get("description", str, ""),
            icon=fields.get("icon", str, ""),
        )
        fields.rest()
        if choice.value in [other.value for other in found]:
            given.faults.at(path, f"{path_text(path)} is there twice")
        found.append(choice)
    return tuple(found)


def _validation(given: Fields, type_: Type) -> Validation:
    fields = Fields(given.get("validation", dict, {}), (*given.path, "validation"), given.faults)
    low, high = fields.get("min", float, float("-inf")), fields.get("max", float, float("inf"))
    found = Validation(
        min=None if low == float("-inf") else low,
        max=None if high == float("inf") else high,
        regex=fields.get("regex", str, ""),
        monotonic=fields.word("monotonic", ("increasing", "decreasing"), ""),  # type: ignore[arg-type]  # one of these words
        message=fields.get("message", str, ""),
    )
    fields.rest()
    for name, only in (("min", "number"), ("max", "number"), ("monotonic", "number"), ("regex", "string")):
        if name in fields.value and type_ != only:
            given.faults.at_key((*fields.path, name), f"{fields.named(name)} is for a {only}, not a {type_}")
    if low > high:
        given.faults.at((*fields.path, "max"), f"{fields.named('max')} is below min")
    try:
        re.compile(found.regex)
    except (re.error, RecursionError, OverflowError) as error:
        given.faults.at((*fields.path, "regex"), f"{fields.named('regex')} is no regular expression: {error}")
    return found


def _mapping(top: Fields) -> Mapping:
    if not top.has("workspace"):
        top.faults.at((), "workspace is missing: it says what the parameters become")
    given = Fields(top.get("workspace", dict, {}), ("workspace",), top.faults)
    found = Mapping(
        source=given.get("source", str, "") or None,
        config=given.get("config", str, "") or None,
        options=given.get("options", dict, {}),
        environment=given.get("environment", dict, {}),
        mounts=given.get("mounts", list, []),
        run_args=given.get("run_args", list, []),
        features=given.get("features", dict, {}),
        submodules=given.value.get("submodules") if given.has("submodules") else None,
        lfs=given.value.get("lfs") if given.has("lfs") else None,
        rebuild=given.value.get("rebuild") if given.has("rebuild") else None,
    )
    given.rest()
    if found.source is None and top.has("workspace"):
        top.faults.at_key(("workspace",), "workspace.source is missing: what the workspace is made from")
    return found


def _names(template: Template, faults: Faults) -> None:
    """A name or an alias stands for one setting only."""
    for settings in (template.parameters, template.variables):
        seen: dict[str, str] = {}
        for each in settings:
            for name in (each.name, *each.aliases):
                if name in seen:
                    path = (_PLURAL[each.kind], each.name)
                    faults.at_key(path, f"{name} already stands for {seen[name]}")
                seen[name] = each.name


def _references(template: Template, faults: Faults) -> bool:
    """Whether every reference is to a setting that is there; and where the source comes from stays."""
    known = {f"{each.kind}.{each.name}": each for each in template.settings}
    raw = cast("AnyMapping[str, object]", faults.document.value.get("workspace"))
    good = True
    for path, text in references(raw if isinstance(raw, dict) else {}):
        place: Path = ("workspace", *path)
        if text not in known:
            good = False
            hint = did_you_mean(text, known) if well_formed(text) else "Write ${parameter.NAME}; $${ for ${."
            faults.at(place, f"${{{text}}} refers to nothing", hint or _listed(known))
        elif known[text].ephemeral and path[:1] != ("rebuild",):
            faults.at(
                place, f"{known[text].name} is ephemeral, so only workspace.rebuild can be made from it"
            )
        elif path[:1] in (("source",), ("config",)) and text.startswith("parameter.") and known[text].mutable:
            faults.at(
                place,
                f"a workspace is known by its {path_text(path)}, so {known[text].name} cannot be mutable",
            )
    return good


def _listed(known: AnyMapping[str, Setting]) -> str:
    return f"There are {', '.join(known)}." if known else "There are no parameters and variables."
