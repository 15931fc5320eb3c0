"""Which value each setting has: what is given, what the workspace has kept, or the default. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from moorage.devcontainer.spelling import did_you_mean
from moorage.spec.template import Templated, Value
from moorage.templates.errors import BadParameters, NotAvailable, ParametersMissing
from moorage.templates.mapping import BadMapping, Work, work
from moorage.templates.references import written
from moorage.templates.template import Kind, Setting, Template, find
from moorage.templates.values import BadValue, from_text, moved, typed, validated


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave, by name: texts of the command line and values of a file."""

    parameters: dict[str, object] = {}
    variables: dict[str, object] = {}


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting's value, by "parameter.NAME". `changes`: parameters that are not what was kept."""

    values: dict[str, Value]
    given_variables: dict[str, Value] = {}
    missing: tuple[Setting, ...] = ()
    changes: tuple[str, ...] = ()
    ephemeral: bool = False
    """Whether something was given that counts for this run only."""


def choose(template: Template, given: Given, kept: Templated | None = None) -> Chosen:
    """The values. Raises BadParameters with all that is wrong, NotAvailable.

    A workspace keeps its parameters; what its variables are follows the template, but for those that were
    given to it.
    """
    faults: list[str] = []
    parameters = _given(template.parameters, given.parameters, "parameter", faults)
    variables = {
        **_kept(template.variables, kept.variables if kept else {}),
        **_given(template.variables, given.variables, "variable", faults),
    }
    before = kept.parameters if kept else None
    values, missing = {}, []
    for setting in template.settings:
        at_hand = parameters if setting.kind == "parameter" else variables
        there = before if setting.kind == "parameter" else None
        values[f"{setting.kind}.{setting.name}"] = value = _chosen(setting, at_hand, there)
        if value is None and setting.required:
            missing.append(setting)
        faults += _wrong(setting, value, setting.name in at_hand, there)
    _refuse(template, faults)
    _refuse_unavailable(template, values)
    return Chosen(
        values=values,
        given_variables=variables,
        missing=tuple(missing),
        changes=tuple(_changes(template, values, before)),
        ephemeral=any(each.ephemeral and each.name in parameters for each in template.parameters),
    )


def settled(template: Template, chosen: Chosen) -> Work:
    """What the values come to. Raises ParametersMissing, BadParameters for what they cannot come to."""
    if chosen.missing:
        names = [each.name for each in chosen.missing]
        options = " ".join(f"--{each.kind} {each.name}=…" for each in chosen.missing)
        plural = "values are" if len(names) > 1 else "value is"
        raise ParametersMissing(
            f"The template {template.name} needs what was not given: {', '.join(names)}.",
            evidence=tuple(_described(each) for each in chosen.missing),
            hint=f"Give {options}; on a terminal the {plural} asked for.",
        )
    try:
        return work(template, chosen.values, chosen.given_variables)
    except BadMapping as error:
        raise BadParameters(
            f"The template {template.name} cannot use these values: {error}.", hint="Give others."
        ) from None


def _given(
    settings: tuple[Setting, ...], given: Mapping[str, object], kind: Kind, faults: list[str]
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in given.items():
        setting = find(settings, name)
        if setting is None:
            names = [each.name for each in settings]
            known = did_you_mean(name, names) or (f"There are {', '.join(names)}." if names else "")
            faults.append(f"There is no {kind} {name}. {known}".strip())
            continue
        if setting.name in found:
            faults.append(f"{setting.name} is given twice, by two of its names.")
        try:
            found[setting.name] = (
                from_text(value, setting) if isinstance(value, str) else typed(value, setting)
            )
        except BadValue as error:
            faults.append(f"{error}.")
    return found


def _kept(settings: tuple[Setting, ...], kept: Mapping[str, Value]) -> dict[str, Value]:
    """By today's names; what the template has no more is left out."""
    found = ((find(settings, name), value) for name, value in kept.items())
    return {setting.name: value for setting, value in found if setting}


def _chosen(setting: Setting, given: Mapping[str, Value], kept: Mapping[str, Value] | None) -> Value:
    if setting.name in given:
        return given[setting.name]
    held = _held(setting, kept)
    return setting.default if held is None else held


def _held(setting: Setting, kept: Mapping[str, Value] | None) -> Value:
    """What the workspace has of it, maybe by an earlier name."""
    if kept is None or setting.ephemeral:
        return None
    return next((kept[name] for name in (setting.name, *setting.aliases) if kept.get(name) is not None), None)


def _wrong(setting: Setting, value: Value, given: bool, kept: Mapping[str, Value] | None) -> Iterator[str]:
    held = _held(setting, kept)
    if given and held is not None and value != held:
        if not setting.mutable:
            yield (
                f"{setting.name} is fixed when a workspace is made: it is {written(held)!r} and cannot "
                f"become {written(value)!r}."
            )
            return
        try:
            moved(held, value, setting)
        except BadValue as error:
            yield f"{error}."
            return
    try:
        if given or setting.mutable:
            validated(value, setting)
    except BadValue as error:
        yield f"{error}." if given else f"{error}: the template has changed, so give another value."


def _refuse(template: Template, faults: list[str]) -> None:
    if len(faults) == 1:
        raise BadParameters(faults[0], hint=f"See `moorage template show {template.name}`.")
    if faults:
        raise BadParameters(
            f"{len(faults)} values for the template {template.name} are wrong.",
            evidence=tuple(faults),
            hint=f"See `moorage template show {template.name}`.",
        )


def _refuse_unavailable(template: Template, values: Mapping[str, Value]) -> None:
    """What is declared but cannot take effect yet is refused, never ignored."""
    asked = [
        each
        for each in template.settings
        if each.unavailable and values[f"{each.kind}.{each.name}"] != each.default
    ]
    if asked:
        raise NotAvailable(
            f"{' and '.join(each.name for each in asked)} cannot take effect yet.",
            evidence=tuple(f"{each.name}: {each.unavailable}" for each in asked),
            hint="Leave it out; nothing was created.",
        )


def _changes(
    template: Template, values: Mapping[str, Value], kept: Mapping[str, Value] | None
) -> Iterator[str]:
    if kept is None:
        return
    for setting in template.parameters:
        before, after = _held(setting, kept), values[f"parameter.{setting.name}"]
        if not setting.ephemeral and before != after:
            yield f"{setting.name} {written(before) or 'none'} → {written(after) or 'none'}"


def _described(setting: Setting) -> str:
    text = f"{setting.name}: {setting.title}" if setting.display_name else setting.name
    return f"{text} ({setting.type})" + (f". {setting.description}" if setting.description else "")
