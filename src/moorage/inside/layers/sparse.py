"""Where the parts of a sparse file are: the three forms in which GNU tar writes it down."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from moorage.inside.layers.errors import damaged, too_large
from moorage.inside.layers.numbers import decimal, number

Parts = tuple[tuple[int, int], ...]
Take = Callable[[int], bytes]

_BLOCK = 512
_FIELD = 12
_PAIR = 2 * _FIELD


def map_in_header(block: bytes, take: Take, most: int) -> tuple[int, Parts]:
    """The old form: four pairs in the header, more in blocks behind it, and the size of the whole."""
    parts = list(_pairs(block[386:482]))
    more, taken = block[482], 0
    while more:
        taken += _BLOCK
        if taken > most:
            raise too_large("The layer has a sparse file with too many parts")
        block_more = take(_BLOCK)
        parts += _pairs(block_more[:504])
        more = block_more[504]
    return number(block[483:495]), _with_length(parts)


def map_in_data(take: Take, most: int) -> tuple[Parts, int]:
    """Form 1.0: decimals in lines before the file's bytes, up to a full block. Gives the bytes taken, too."""
    text = b""
    wanted = 1
    while text.count(b"\n") < wanted:
        if len(text) + _BLOCK > most:
            raise damaged("The layer has a sparse file whose map does not end")
        text += take(_BLOCK)
        head, found, _ = text.partition(b"\n")
        if found:
            wanted = 1 + 2 * decimal(head.decode("latin-1"))
            if 2 * wanted > most:
                raise too_large("The layer has a sparse file with too many parts")
    lines = text.split(b"\n", wanted)[1:wanted]
    return listed(line.decode("latin-1") for line in lines), len(text)


def listed(numbers: Iterable[str]) -> Parts:
    """Form 0.1, and the lines of 1.0: offset and length in turn."""
    values = [decimal(each) for each in numbers]
    if len(values) % 2:
        raise damaged("The layer has a sparse file with half a part")
    return _with_length(zip(values[::2], values[1::2], strict=True))


def _pairs(field: bytes) -> Iterable[tuple[int, int]]:
    for at in range(0, len(field), _PAIR):
        if field[at]:
            yield number(field[at : at + _FIELD]), number(field[at + _FIELD : at + _PAIR])


def _with_length(parts: Iterable[tuple[int, int]]) -> Parts:
    """The last pair is often an empty one, which only says where the file ends."""
    return tuple((offset, length) for offset, length in parts if length)
