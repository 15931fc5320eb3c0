"""Numbers as archives write them: octal or base 256 in a header, decimal in an extended one."""

from __future__ import annotations

from moorage.inside.layers.errors import damaged

_BILLION = 1_000_000_000
_DIGITS = 20


def number(field: bytes) -> int:
    """A header's number. Raises LayerDamaged, for one below zero too."""
    value = moment(field)
    if value < 0:
        raise damaged("A header of the layer has a number below zero")
    return value


def moment(field: bytes) -> int:
    """A header's time in seconds: as `number`, and before 1970 where it is base 256. Raises LayerDamaged."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=True)
        return value if field[0] == 0xFF else value + (1 << (8 * len(field) - 1))
    digits = field.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    if digits.translate(None, b"01234567"):  # int() would also take a sign and underscores
        raise damaged(f"A header of the layer has {digits!r} where a number belongs")
    return int(digits, 8)


def decimal(text: str) -> int:
    """An extended header's number. Raises LayerDamaged."""
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        raise damaged(f"A header of the layer has {text[:40]!r} where a number belongs")
    return int(text)


def seconds(text: str) -> int:
    """An extended header's time, "1350244992.023960108", in nanoseconds. Raises LayerDamaged."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    fine = fraction[:9].ljust(9, "0")
    value = decimal(whole or "0") * _BILLION + decimal(fine)
    return -value if text.startswith("-") else value
