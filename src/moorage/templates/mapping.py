"""What chosen values come to: a source, a driver's options, and the rest of a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

from moorage.devcontainer.jsonc import Path, path_text
from moorage.errors import UsageError
from moorage.spec.template import Templated, Value
from moorage.templates import drivers
from moorage.templates.faults import Faults
from moorage.templates.references import Values, references, substitute, written
from moorage.templates.template import Mapping, Template


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace to be. `record` is what it will remember; `rebuild` is for this run only."""

    config: str
    rebuild: bool
    record: Templated


class BadMapping(ValueError):
    """A part of the mapping came to something that it cannot be; `path` is in the template."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path


def work(template: Template, values: Values, given: dict[str, Value]) -> Work:
    """Everything filled in; `given` are the variables that somebody has set. Raises BadMapping."""
    mapping = template.workspace
    record = Templated(
        template=template.reference,
        parameters={
            each.name: values[f"parameter.{each.name}"] for each in template.parameters if not each.ephemeral
        },
        variables=given,
        source=_text("source", mapping.source, values),
        options=dict(_options(mapping, values)),
        environment=dict(_environment(mapping, values)),
        mounts=tuple(_texts("mounts", mapping.mounts, values)),
        run_args=tuple(_texts("run_args", mapping.run_args, values)),
        features=cast("dict[str, object]", substitute(mapping.features, values)),
        submodules=_switch("submodules", mapping.submodules, values),
        lfs=_switch("lfs", mapping.lfs, values),
    )
    return Work(
        config=_text("config", mapping.config, values),
        rebuild=_switch("rebuild", mapping.rebuild, values),
        record=record,
    )


def check(template: Template, faults: Faults) -> None:
    """Note what is wrong whatever is chosen: unknown options, and parts that the defaults do not fit."""
    known = tuple(drivers.names(template.driver))
    for name in template.workspace.options:
        if name not in known:
            faults.unknown(
                ("workspace", "options", name), known, f"an option of the {template.driver} driver"
            )
    values = {f"{each.kind}.{each.name}": each.default for each in template.settings}
    missing = {f"{each.kind}.{each.name}" for each in template.settings if each.required}
    for part in _parts(template.workspace):
        if any(text in missing for _, text in references(msgspec.to_builtins(part))):
            continue
        try:
            found = work(msgspec.structs.replace(template, workspace=part), values, {})
            drivers.check(
                template.driver,
                {name: text for name, text in found.record.options.items() if name in known},
            )
        except BadMapping as error:
            faults.at(error.path, str(error))
        except UsageError as error:
            name = next(iter(part.options))
            faults.at(("workspace", "options", name), error.message.rstrip("."), error.hint)


def _parts(whole: Mapping) -> Iterator[Mapping]:
    """The mapping in pieces that can be wrong by themselves."""
    for field in ("source", "config", "submodules", "lfs", "rebuild"):
        yield msgspec.convert({field: getattr(whole, field)}, Mapping)
    for field in ("options", "environment", "features"):
        for name, value in getattr(whole, field).items():
            yield msgspec.convert({field: {name: value}}, Mapping)
    for field in ("mounts", "run_args"):
        yield msgspec.convert({field: getattr(whole, field)}, Mapping)


def _options(mapping: Mapping, values: Values) -> Iterator[tuple[str, str]]:
    """As `-o` takes them: lists with commas, whatever is deeper as JSON. What has no value is left out."""
    for name, value in mapping.options.items():
        found = substitute(value, values)
        if found not in (None, {}) and (text := _option(found)):
            yield name, text


def _option(value: object) -> str:
    if isinstance(value, str | int | float | bool):
        return written(value)
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ",".join(text for each in value if (text := written(each)))
    return msgspec.json.encode(value).decode()


def _environment(mapping: Mapping, values: Values) -> Iterator[tuple[str, str]]:
    for name, value in mapping.environment.items():
        found = substitute(value, values)
        if found is None:
            continue
        if not isinstance(found, str | int | float):
            raise _wrong(("environment", name), "a text")
        yield name, written(found)


def _texts(key: str, items: list[object], values: Values) -> Iterator[str]:
    """A list reference as an item stands for all of its items."""
    for index, item in enumerate(items):
        found = substitute(item, values)
        for each in found if isinstance(found, list) else [found]:
            if each is None:
                continue
            if not isinstance(each, str):
                raise _wrong((key, index), "a text")
            yield each


def _text(key: str, value: object, values: Values) -> str:
    found = substitute(value, values)
    if found is None:
        return ""
    if not isinstance(found, str | int | float):
        raise _wrong((key,), "a text")
    return written(found)


def _switch(key: str, value: object, values: Values) -> bool:
    found = substitute(value, values)
    if found is None or isinstance(found, bool):
        return found is True
    raise _wrong((key,), "true or false")


def _wrong(path: Path, expected: str) -> BadMapping:
    place = ("workspace", *path)
    return BadMapping(place, f"{path_text(place)} must be {expected}")
