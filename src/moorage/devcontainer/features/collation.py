"""Texts in the order that the reference CLI sorts them: `localeCompare` of JavaScript, without its data.

For ASCII this is exactly the order of the Unicode collation's root (CLDR): white space, punctuation, symbols,
digits, letters; accents count after all letters, and case (small first) after all accents. Control characters
do not count. Beyond ASCII it is close: letters with accents sort with their base letter, others after z
by code point, other symbols before the digits. Texts that the collation calls equal are told apart by code
point, so that the order is total and only identical texts are equal.
"""

from __future__ import annotations

from typing import TypeAlias

Key: TypeAlias = tuple[tuple[tuple[int, int], ...], tuple[str, ...], tuple[bool, ...], str]
"""Letters, accents per letter, capital or not per letter, and the text itself."""

_SYMBOLS = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~"
_ORDER = {sign: place for place, sign in enumerate(_SYMBOLS + "$0123456789abcdefghijklmnopqrstuvwxyz")}
_OTHER_SYMBOL = _ORDER["~"]
_OTHER_LETTER = len(_ORDER)


def collated(text: str) -> Key:
    """The key to sort by: `sorted(texts, key=collated)`."""
    bases: list[str] = []
    accents: list[str] = []
    for sign in _decomposed(text):
        if not _is_mark(sign):
            bases.append(sign)
            accents.append("")
        elif accents:
            accents[-1] += sign
    counted = [(sign, accent) for sign, accent in zip(bases, accents, strict=True) if _counts(sign)]
    return (
        tuple(_weight(sign.lower()) for sign, _ in counted),
        tuple(accent for _, accent in counted),
        tuple(sign != sign.lower() for sign, _ in counted),
        text,
    )


def compare(one: str, other: str) -> int:
    """Negative, zero or positive, as `one.localeCompare(other)`."""
    first, second = collated(one), collated(other)
    return (first > second) - (first < second)


def _decomposed(text: str) -> str:
    if text.isascii():
        return text
    from unicodedata import normalize  # its tables are loaded for texts that need them

    return normalize("NFD", text)


def _is_mark(sign: str) -> bool:
    if sign.isascii():
        return False
    from unicodedata import combining

    return combining(sign) != 0


def _counts(sign: str) -> bool:
    return sign in _ORDER or sign.lower() in _ORDER or not sign.isascii()


def _weight(sign: str) -> tuple[int, int]:
    """A place in the order; signs that share one are told apart by code point."""
    if sign in _ORDER:
        return _ORDER[sign], 0
    place = _OTHER_LETTER if sign.isalnum() else _OTHER_SYMBOL
    return place, ord(sign[0])
