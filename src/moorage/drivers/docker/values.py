"""Values in the forms that Docker's command line takes: sizes, durations, lists in one field. All pure."""

from __future__ import annotations

import re
from collections.abc import Iterator


class BadValue(ValueError):
    """The text is not of the form that is named in the message."""


_UNITS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def size(text: str) -> int:
    """Bytes: "512m", "1.5g", "64kb"; units are powers of 1024. Raises BadValue."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([bkmgtp]?)i?b?", text.strip().lower())
    if not match:
        raise BadValue(f"a size such as 512m or 2g is expected, not {text!r}")
    return int(float(match[1]) * 1024 ** _UNITS[match[2]])


def duration(text: str) -> float:
    """Seconds: "90", "1h30m", "500ms". Raises BadValue."""
    text = text.strip().lower()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadValue(f"seconds or a duration such as 5m or 1h30m is expected, not {text!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def nanoseconds(text: str) -> int:
    """As `duration`, which must name its unit here. Raises BadValue."""
    if text.strip() != "0" and text.strip()[-1:].isdigit():
        raise BadValue(f"a duration such as 30s or 1m is expected, not {text!r}")
    return round(duration(text) * 1_000_000_000)


def integer(text: str) -> int:
    """Raises BadValue."""
    try:
        return int(text, 0)
    except ValueError as error:
        raise BadValue(f"a whole number is expected, not {text!r}") from error


def switch(text: str) -> bool:
    """The words that Docker takes for a boolean. Raises BadValue."""
    lowered = text.lower()
    if lowered in ("1", "t", "true"):
        return True
    if lowered in ("0", "f", "false"):
        return False
    raise BadValue(f"true or false is expected, not {text!r}")


def pair(text: str) -> tuple[str, str]:
    """ "name=value". Raises BadValue."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise BadValue(f"name=value is expected, not {text!r}")
    return name, value


def fields(text: str) -> list[str]:
    """One record of comma-separated values, with double quotes as in RFC 4180. Raises BadValue."""
    found = list(_fields(text))
    if any(field.count('"') and not field for field in found):
        raise BadValue(f"the quotes in {text!r} do not match")
    return found


def _fields(text: str) -> Iterator[str]:
    place = 0
    while place <= len(text):
        if text[place : place + 1] == '"':
            value, place = _quoted(text, place + 1)
        else:
            end = text.find(",", place)
            end = len(text) if end < 0 else end
            value, place = text[place:end], end
        yield value
        if place < len(text) and text[place] != ",":
            raise BadValue(f"after a closing quote a comma is expected in {text!r}")
        place += 1


def _quoted(text: str, place: int) -> tuple[str, int]:
    value = ""
    while True:
        end = text.find('"', place)
        if end < 0:
            raise BadValue(f"a quote is not closed in {text!r}")
        value += text[place:end]
        if text[end + 1 : end + 2] != '"':
            return value, end + 1
        value, place = value + '"', end + 2


def ulimit(text: str) -> dict[str, object]:
    """ "nofile=1024:2048" or "nproc=512". Raises BadValue."""
    name, limits = pair(text)
    soft, colon, hard = limits.partition(":")
    return {"Name": name, "Soft": integer(soft), "Hard": integer(hard) if colon else integer(soft)}


def device(text: str) -> dict[str, object]:
    """ "/dev/x[:/dev/y][:rwm]". Raises BadValue."""
    host, _, rest = text.partition(":")
    inside, _, permissions = rest.partition(":")
    if inside and re.fullmatch("[rwm]{1,3}", inside) and not permissions:
        inside, permissions = "", inside
    if not host or not re.fullmatch("[rwm]{0,3}", permissions):
        raise BadValue(f"a device such as /dev/fuse or /dev/a:/dev/b:rwm is expected, not {text!r}")
    return {
        "PathOnHost": host,
        "PathInContainer": inside or host,
        "CgroupPermissions": permissions or "rwm",
    }


def is_cdi(text: str) -> bool:
    """Whether a device is named as vendor/class=name (Container Device Interface)."""
    return re.fullmatch(r"[A-Za-z][\w.-]*/[A-Za-z][\w.-]*=[\w.:-]+", text) is not None


def rate(text: str) -> tuple[str, str]:
    """ "/dev/sda:1mb" as (path, rate). Raises BadValue."""
    path, colon, value = text.rpartition(":")
    if not colon or not path.startswith("/"):
        raise BadValue(f"a device and a rate such as /dev/sda:1mb is expected, not {text!r}")
    return path, value


def gpus(text: str) -> dict[str, object]:
    """ "all", "2", "device=0", '"device=0,1",capabilities=compute,driver=nvidia'. Raises BadValue."""
    request: dict[str, object] = {"Driver": "", "Count": 0, "Capabilities": [["gpu"]]}
    for field in fields(text):
        key, equals, value = field.partition("=")
        match key if equals else "count":
            case "count":
                word = value if equals else key
                request["Count"] = -1 if word == "all" else integer(word)
            case "device":
                request["DeviceIDs"] = value.split(",")
            case "driver":
                request["Driver"] = value
            case "capabilities":
                request["Capabilities"] = [["gpu", *value.split(",")]]
            case "options":
                request["Options"] = dict(pair(option) for option in fields(value))
            case _:
                raise BadValue(f"count, device, driver, capabilities or options is expected, not {key!r}")
    if request["Count"] == 0 and "DeviceIDs" not in request:
        request["Count"] = 1
    return request


def environment_file(text: str) -> Iterator[tuple[str, str | None]]:
    """Lines of --env-file: NAME=value, or a bare NAME (None: taken from this machine). Raises BadValue."""
    for line in text.removeprefix("\ufeff").splitlines():
        line = line.lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name or any(character.isspace() for character in name):
            raise BadValue(f"a line NAME=value is expected, not {line[:60]!r}")
        yield name, value if equals else None
