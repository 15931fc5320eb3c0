"""Values in Kubernetes' own forms: quantities, names, labels, durations. All pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

Json = dict[str, object]


class BadValue(ValueError):
    """The text is not of the form that is named in the message."""


_QUANTITY = (
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]{1,3})?"
)
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_DECIMAL = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LABEL_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DNS_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DNS_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def amount(text: str) -> float:
    """A quantity as a number: "500m" is 0.5, "10Gi" bytes. Raises BadValue."""
    match = re.fullmatch(_QUANTITY, text.strip())
    if not match:
        raise BadValue(f"a quantity such as 500m, 2 or 10Gi is expected, not {text!r}")
    unit = match[2] or ""
    if unit[:1] in ("e", "E") and unit not in ("E", "Ei"):
        return float(match[1] + unit)
    return float(match[1]) * (_BINARY[unit] if unit in _BINARY else _DECIMAL[unit])


def quantity(text: str) -> str:
    """The text itself, if it is a quantity that is more than nothing. Raises BadValue."""
    if amount(text) <= 0:
        raise BadValue(f"a quantity above zero is expected, not {text!r}")
    return text.strip()


def in_bytes(count: int) -> str:
    """A number of bytes in the largest unit that divides it."""
    for unit, size in reversed(_BINARY.items()):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)


def duration(text: str) -> float:
    """Seconds: "300", "10m", "1h30m". Raises BadValue."""
    lowered = text.strip().lower()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", lowered):
        return float(lowered)
    parts: list[tuple[str, str]] = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", lowered)
    if not parts or "".join(number + unit for number, unit in parts) != lowered:
        raise BadValue(f"seconds or a duration such as 5m or 1h30m is expected, not {text!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def switch(text: str) -> bool:
    """Raises BadValue."""
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise BadValue(f"true or false is expected, not {text!r}") from None


def integer(text: str) -> int:
    """Raises BadValue."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text.strip()):
        raise BadValue(f"a whole number is expected, not {text!r}")
    return int(text)


def dns_label(text: str) -> str:
    """RFC 1123, as namespaces need it: at most 63 of a-z, 0-9 and "-". Raises BadValue."""
    if not re.fullmatch(_DNS_LABEL, text):
        raise BadValue(f"a name of at most 63 small letters, digits and '-' is expected, not {text!r}")
    return text


def dns_name(text: str) -> str:
    """RFC 1123, as most objects need it: labels joined by dots, at most 253. Raises BadValue."""
    if len(text) > 253 or not re.fullmatch(_DNS_NAME, text):
        raise BadValue(f"a name of small letters, digits, '-' and '.' is expected, not {text!r}")
    return text


def object_name(text: str) -> str:
    """As `dns_name`, or with ":" inside, as names of roles may be. Raises BadValue."""
    if not text or len(text) > 253 or "/" in text or "%" in text or text in (".", ".."):
        raise BadValue(f"an object's name is expected, not {text!r}")
    return text


def label_key(text: str) -> str:
    """Raises BadValue."""
    prefix, slash, name = text.rpartition("/")
    if slash:
        dns_name(prefix)
    if not re.fullmatch(_LABEL_NAME, name):
        raise BadValue(f"a label's name such as team or example.com/team is expected, not {text!r}")
    return text


def label_value(text: str) -> str:
    """At most 63 of letters, digits, "-", "_", "."; empty is one. Raises BadValue."""
    if text and not re.fullmatch(_LABEL_NAME, text):
        raise BadValue(f"a label's value has at most 63 letters, digits, '-', '_' and '.': not {text!r}")
    return text


def as_label(text: str) -> str:
    """Any text made to fit a label's value; for people only, as different texts may become one."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:63].strip("-._")


def items(text: str) -> list[str]:
    """What stands between commas, without empty ones."""
    return [part for part in (part.strip() for part in text.split(",")) if part]


def pairs(text: str, key: Callable[[str], str], value: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    """ "a=1,b=2", or a mapping in JSON or YAML (for values with commas). Raises BadValue."""
    if text.lstrip().startswith("{") or "\n" in text or (": " in text and "=" not in text):
        given = [(name, _plain(item)) for name, item in mapping(text).items()]
    else:
        given = [_pair(part) for part in items(text)]
    return tuple((key(name), value(item)) for name, item in given)


def document(text: str) -> object:
    """JSON or YAML as data. Raises BadValue."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        pass
    import yaml  # few options hold documents

    try:
        found: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadValue(f"JSON or YAML is expected ({' '.join(str(error).split())})") from error
    return found


def mapping(text: str) -> Json:
    """A document that is an object with text keys. Raises BadValue."""
    found = document(text)
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise BadValue(f"a mapping such as {{name: value}} is expected, not {text[:60]!r}")
    return found


def mappings(text: str) -> tuple[Json, ...]:
    """A document that is a list of objects, or one object. Raises BadValue."""
    found = document(text)
    several = found if isinstance(found, list) else [found]
    if not all(isinstance(each, Mapping) for each in several):
        raise BadValue(f"a list of mappings is expected, not {text[:60]!r}")
    return tuple(several)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise BadValue(f"name=value is expected, not {text!r}")
    return name.strip(), value.strip()


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BadValue(f"plain values are expected, not {value!r}")
