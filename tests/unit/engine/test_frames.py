"""The engine's framing of output streams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.engine.frames import Misframed, Splitter


@given(
    frames=st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=8),
    step=st.integers(1, 30),
)
def test_streams_come_back_however_they_are_cut(frames: list[tuple[int, bytes]], step: int) -> None:
    data = b"".join(bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for stream, text in frames)
    splitter, found = Splitter(), {1: b"", 2: b""}
    for place in range(0, len(data), step):
        for stream, piece in splitter.feed(data[place : place + step]):
            found[stream] += piece
    for stream, text in found.items():
        assert text == b"".join(piece for each, piece in frames if each == stream)
    assert splitter.complete


def test_a_frame_cut_off_is_not_complete() -> None:
    splitter = Splitter()
    assert splitter.feed(b"\1\0\0\0\0\0\0\5ab") == [(1, b"ab")]
    assert not splitter.complete


def test_other_bytes_are_refused() -> None:
    with pytest.raises(Misframed):
        Splitter().feed(b"OCI runtime failed")
