"""From what a person gives to a setting's typed value, and what is wrong with it, in words."""

from __future__ import annotations

import math
import re

import msgspec

from moorage.spec.template import Value
from moorage.templates.document import scalar
from moorage.templates.references import written
from moorage.templates.template import Setting, Type

_LONGEST = 4096
_PASSWORD = re.compile(r"://[^/\s@:]*:[^/\s@]+@")
_EXPECTED: dict[Type, str] = {
    "string": "a text",
    "number": "a number",
    "bool": "true or false",
    "list": 'a list of texts, such as a,b or ["a", "b"]',
}


class BadValue(ValueError):
    """Why a value does not fit, as a sentence without its full stop."""


def from_text(text: str, setting: Setting) -> Value:
    """A value as it is given on the command line or in a question. Raises BadValue."""
    match setting.type:
        case "string":
            return typed(text, setting)
        case "list":
            return typed(_items(text), setting)
        case _:
            return typed(scalar(text.strip()), setting)


def typed(value: object, setting: Setting) -> Value:
    """A value of a YAML or JSON file as the setting has it. Raises BadValue for another type."""
    match setting.type, value:
        case "bool", bool():
            return value
        case "number", int() | float() if not isinstance(value, bool) and math.isfinite(value):
            return int(value) if isinstance(value, float) and value.is_integer() else value
        case "string", str():
            return _checked(value)
        case "string", int() | float() | bool():
            return written(value)
        case "list", list() if all(isinstance(each, str | int | float) for each in value):
            return tuple(_checked(written(each)) for each in value)
    raise BadValue(f"{setting.name} must be {_EXPECTED[setting.type]}, not {shown(value)}")


def validated(value: Value, setting: Setting) -> None:
    """Raises BadValue for what the setting's options and validation rule out; none is always right."""
    if value is None:
        return
    if fault := _not_an_option(value, setting):
        raise BadValue(fault)
    if fault := _out_of_range(value, setting) or _unlike(value, setting):
        own = setting.validation.message.rstrip(".")
        raise BadValue(f"{setting.name}: {own}, not {shown(value)}" if own else fault)


def moved(before: Value, after: Value, setting: Setting) -> None:
    """Raises BadValue where a number goes the way that `monotonic` forbids."""
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return
    way = setting.validation.monotonic
    if (way == "increasing" and after < before) or (way == "decreasing" and after > before):
        fault = f"{setting.name} can only be {way.replace('ing', 'ed')}: it is {written(before)}"
        own = setting.validation.message.rstrip(".")
        raise BadValue(f"{fault}, not {written(after)}" + (f" ({own})" if own else ""))


def shown(value: object) -> str:
    """A value in a message: short, on one line."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."


def _items(text: str) -> list[object]:
    if text.lstrip().startswith("["):
        try:
            return msgspec.json.decode(text, type=list[object])
        except msgspec.MsgspecError:
            raise BadValue(f"{shown(text)} is not a list in JSON") from None
    return [part.strip() for part in text.split(",") if part.strip()]


def _checked(text: str) -> str:
    if len(text) > _LONGEST:
        raise BadValue(f"a text of {len(text)} characters is too long: {_LONGEST} at most")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise BadValue("a text cannot have control characters")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise BadValue("a text must be UTF-8")
    if _PASSWORD.search(text):
        raise BadValue("a URL with a password in it would be kept with the workspace: leave the password out")
    return text


def _not_an_option(value: Value, setting: Setting) -> str:
    allowed = [choice.value for choice in setting.options]
    if not allowed:
        return ""
    chosen = value if setting.type == "list" and isinstance(value, tuple) else (value,)
    strange = [each for each in chosen if each not in allowed]
    listed = ", ".join(written(each) for each in allowed)
    return f"{setting.name} must be one of {listed}, not {written(strange[0])!r}" if strange else ""


def _out_of_range(value: Value, setting: Setting) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    low, high = setting.validation.min, setting.validation.max
    if low is not None and value < low:
        return f"{setting.name} must be at least {written(low)}, not {written(value)}"
    if high is not None and value > high:
        return f"{setting.name} must be at most {written(high)}, not {written(value)}"
    return ""


def _unlike(value: Value, setting: Setting) -> str:
    regex = setting.validation.regex
    if not regex or not isinstance(value, str) or re.search(regex, value):
        return ""
    return f"{setting.name} must match {regex}, and {value!r} does not"
