"""Options of a Feature: from what a person wrote to what its script finds in its environment.

The reference CLI checks nothing and writes values into double quotes, where the shell expands them. Here
types and enums are checked, and values arrive exactly as they were written.
"""

# No `from __future__ import annotations`, as in properties.

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from moorage.devcontainer.features.feature import Feature, Option, Scalar
from moorage.devcontainer.warnings import Warning
from moorage.errors import ConfigurationError

Value: TypeAlias = str | bool

_MAIN = "version"
_NOT_WORD = re.compile(r"[^A-Za-z0-9_]")
_LEADING = re.compile(r"^[0-9_]+")


class BadFeatureOption(ConfigurationError):
    """A Feature gets an option of the wrong type, or a value that it does not allow."""

    code = "bad-feature-option"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Every option with its value, defaults filled in, and what a person should know about them."""

    values: dict[str, Value]
    remarks: tuple[Warning, ...] = ()


def canonical(reference: str, value: object, feature: Feature, *, strict: bool = True) -> Options:
    """The options that an install runs with: two ways to write the same give the same.

    `value` is what stands beside the reference: an object, a text (means `version`), or true. Raises
    BadFeatureOption for wrong types and for values outside an enum; not `strict` (for what another Feature's
    dependsOn says, which the user cannot correct) remarks on these and passes them on.
    """
    remarks: list[Warning] = []
    given = _as_object(reference, value, feature, remarks)
    values = {name: _default(option) for name, option in feature.options.items()}
    for name, each in given.items():
        option = feature.options.get(name)
        if option is None:
            remarks.append(_undeclared(reference, name, feature))
        problem = _problem(reference, name, each, option)
        if problem is not None and strict:
            raise problem
        if problem is not None:
            remarks.append(Warning(code=problem.code, text=problem.message, hint=problem.hint))
        if not isinstance(each, Scalar):
            continue
        values[name] = _typed(each, option)
        _check_text(reference, name, values[name])
    remarks += _collisions(reference, values)
    return Options(values=values, remarks=tuple(remarks))


def environment(values: Mapping[str, Value]) -> dict[str, str]:
    """The variables that the script finds: names as the reference CLI makes them, values as text."""
    named = ((environment_name(option), _text(value)) for option, value in values.items())
    return {name: text for name, text in named if name}


def environment_name(option: str) -> str:
    r"""`option.replace(/[^\w_]/g, '_').replace(/^[\d_]+/g, '_').toUpperCase()`, by UTF-16 units."""
    words = _NOT_WORD.sub(lambda match: "__" if ord(match[0]) > 0xFFFF else "_", option)
    return _LEADING.sub("_", words).upper()


def environment_file(variables: Mapping[str, str]) -> str:
    """The text of an environment file for POSIX sh to source (under `set -a`): nothing in it is expanded."""
    return "".join(f"{name}={quoted(text)}\n" for name, text in variables.items())


def quoted(text: str) -> str:
    """One word of POSIX sh that is exactly this text."""
    return "'" + text.replace("'", "'\\''") + "'"


def _as_object(
    reference: str, value: object, feature: Feature, remarks: list[Warning]
) -> Mapping[str, object]:
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if each is not None}
    if value is None:
        return {}
    if not isinstance(value, str | bool):
        raise BadFeatureOption(
            f"The options of the Feature {reference!r} must be an object or a text, not {_shown(value)}.",
            hint=f'Write {{ "{_MAIN}": … }}.' if _MAIN in feature.options else "Write {}.",
        )
    main = feature.options.get(_MAIN)
    if main is not None and isinstance(value, bool) == (main.type == "boolean"):
        return {_MAIN: value}
    if value is not True and value != "":
        remarks.append(_ignored(reference, value))
    return {}


def _default(option: Option) -> Value:
    if option.default is None:
        return False if option.type == "boolean" else ""
    return _typed(option.default, option)


def _typed(value: object, option: Option | None) -> Value:
    """Booleans stay, and become, booleans where they are declared so; all else is text."""
    if isinstance(value, bool):
        return value if option is None or option.type == "boolean" else _text(value)
    text = _text(value)
    if option is not None and option.type == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _problem(reference: str, name: str, value: object, option: Option | None) -> BadFeatureOption | None:
    where = f"The option {name!r} of the Feature {reference!r}"
    if not isinstance(value, Scalar):
        return BadFeatureOption(f"{where} must be text, true or false, not {_shown(value)}.", hint=_TEXT)
    if option is None:
        return None
    if option.type == "boolean" and not isinstance(_typed(value, option), bool):
        return BadFeatureOption(
            f"{where} must be true or false, not {_shown(value)}.", hint="Write true or false."
        )
    allowed = [_text(each) for each in option.enum or ()]
    if allowed and _text(value) not in allowed:
        return BadFeatureOption(
            f"{where} must be one of {', '.join(allowed)}, not {_shown(value)}.",
            hint=_nearest(_text(value), allowed),
        )
    return None


_TEXT = "Write the value in double quotes."


def _check_text(reference: str, name: str, value: Value) -> None:
    """No environment can hold these, so that they are refused where they were written."""
    if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        raise BadFeatureOption(
            f"The option {name!r} of the Feature {reference!r} has a character that no environment can hold.",
            hint="Remove the NUL or the half of a surrogate pair.",
        )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _collisions(reference: str, values: Mapping[str, Value]) -> Iterator[Warning]:
    taken: dict[str, str] = {}
    for option in values:
        name = environment_name(option)
        if name in taken:
            yield Warning(
                code="feature-option-collision",
                text=f"The options {taken[name]!r} and {option!r} of the Feature {reference!r} are both the "
                f"variable {name}; the last one counts.",
                hint="Give only one of them.",
            )
        taken[name] = option


def _undeclared(reference: str, name: str, feature: Feature) -> Warning:
    return Warning(
        code="unknown-feature-option",
        text=f"The Feature {reference!r} declares no option {name!r}; it is passed on.",
        hint=_nearest(name, tuple(feature.options)),
    )


def _ignored(reference: str, value: Value) -> Warning:
    what = "it is installed all the same" if value is False else "it has no option that this could mean"
    return Warning(
        code="feature-value-ignored",
        text=f"The value {_shown(value)} of the Feature {reference!r} has no effect: {what}.",
        hint="Remove the Feature, or write {}." if value is False else "Write an object with its options.",
    )


def _nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    from moorage.devcontainer.spelling import did_you_mean  # only mistakes need it

    return did_you_mean(word, known) or (f"Known are {', '.join(known)}." if known else "It has no options.")


def _shown(value: object) -> str:
    from moorage.devcontainer.wrong_type import shown  # only mistakes need it

    return shown(value)
