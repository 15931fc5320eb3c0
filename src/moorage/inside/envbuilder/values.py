"""From a variable's text to its value, as Go's strconv and encoding/csv read them."""

from __future__ import annotations

import base64
import binascii
import csv
import shlex

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_NUL = "\0"


class BadValue(ValueError):
    """What a value should be, as the end of a sentence."""


def text(value: str) -> str:
    return value


def switch(value: str) -> bool:
    if value not in (*_TRUE, *_FALSE):
        raise BadValue("give true or false")
    return value in _TRUE


def count(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 9:
        raise BadValue("give a whole number, 0 or more")
    return int(value)


def days(value: str) -> int:
    """0 means the default, as there."""
    return count(value) or 7


def names(value: str) -> tuple[str, ...]:
    """Separated by commas; one with a comma in it stands in double quotes."""
    try:
        rows = list(csv.reader([value], strict=True))
    except csv.Error as error:
        raise BadValue(f"give values separated by commas ({error})") from None
    return tuple(item.strip() for row in rows for item in row if item.strip())


def paths(value: str) -> tuple[str, ...]:
    return tuple(path(item) for item in names(value))


def pairs(value: str) -> tuple[tuple[str, str], ...]:
    found = [item.partition("=") for item in names(value)]
    if any(not name or not equals for name, equals, _ in found):
        raise BadValue("give NAME=value, several separated by commas")
    return tuple((name, given) for name, _, given in found)


def path(value: str) -> str:
    if not value.startswith("/"):
        raise BadValue("give an absolute path")
    return value


def words(value: str) -> tuple[str, ...]:
    """As a shell splits them."""
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise BadValue(f"give words as in a shell ({error})") from None


def encoded(value: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadValue("give base64") from None
