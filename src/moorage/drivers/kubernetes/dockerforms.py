"""Values of `runArgs` in the forms of Docker's command line: sizes, records, ports. All pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from .values import BadValue

_UNITS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def size(text: str) -> int:
    """Bytes: "512m", "1.5g"; units are powers of 1024. Raises BadValue."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([bkmgtp]?)i?b?", text.strip().lower())
    if not match:
        raise BadValue(f"a size such as 512m or 2g is expected, not {text!r}")
    return int(float(match[1]) * 1024 ** _UNITS[match[2]])


def cpus(text: str) -> str:
    """A number of CPUs as a quantity in thousandths. Raises BadValue."""
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", text.strip()) or float(text) <= 0:
        raise BadValue(f"a number of CPUs such as 1.5 is expected, not {text!r}")
    return f"{round(float(text) * 1000)}m"


def fields(text: str) -> list[str]:
    """One record of comma-separated values, with double quotes as in RFC 4180. Raises BadValue."""
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise BadValue(f"the quotes in {text!r} do not match") from error


def ports(text: str) -> Iterator[tuple[int, str]]:
    """The ports inside of "8080:80", "127.0.0.1:3000-3005:3000-3005/udp" or "80". Raises BadValue."""
    whole, _, protocol = text.partition("/")
    inside = whole.rsplit(":", 1)[-1]
    if protocol.lower() not in ("", "tcp", "udp", "sctp") or not re.fullmatch(
        r"[0-9]{1,5}(-[0-9]{1,5})?", inside
    ):
        raise BadValue(f"a port such as 3000 or 127.0.0.1:8080:80 is expected, not {text!r}")
    first, _, last = inside.partition("-")
    span = range(int(first), int(last or first) + 1)
    if not span or span[0] < 1 or span[-1] > 65535 or len(span) > 1000:
        raise BadValue(f"ports from 1 to 65535 are expected, not {text!r}")
    for port in span:
        yield port, protocol.upper() or "TCP"
