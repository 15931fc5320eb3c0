"""What people see of a process that says a word when it has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.drivers.kubernetes.attended import Attended

WORD = b"\0abc"


class Process:
    """Stands for an exec that says these pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self.said: list[bytes] = []
        self.ended = 0

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        for piece in self._pieces:
            yield 2, piece

    async def write(self, data: bytes) -> None:
        self.said.append(data)

    async def close_input(self) -> None:
        self.ended += 1


async def shown(pieces: list[bytes]) -> tuple[bytes, Process, Attended]:
    process = Process(pieces)
    attended = Attended(process, WORD)  # type: ignore[arg-type]  # what of it is used
    return b"".join([data async for _, data in attended.output()]), process, attended


@given(st.binary(max_size=30), st.lists(st.integers(0, 40), max_size=6), st.booleans())
async def test_the_word_is_heard_however_it_is_cut(said: bytes, cuts: list[int], ends: bool) -> None:
    whole = said.replace(WORD, b"") + (WORD if ends else b"")
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(places)]
    text, process, attended = await shown(pieces)
    assert text == whole.removesuffix(WORD)
    assert process.ended == int(WORD in whole)
    if WORD in whole:
        with pytest.raises(BrokenPipeError):
            await attended.write(b"more")


async def test_until_then_all_goes_in() -> None:
    _, process, attended = await shown([b"\0ab"])
    await attended.write(b"more")
    await attended.close_input()
    assert (process.said, process.ended) == ([b"more"], 1)


async def test_the_input_is_ended_once() -> None:
    """What is sent to a connection that has ended takes along what was still to be read of it."""
    process = Process([b"said", WORD])
    attended = Attended(process, WORD)  # type: ignore[arg-type]  # what of it is used
    await attended.close_input()
    assert [data async for _, data in attended.output()] == [b"said"]
    assert process.ended == 1
