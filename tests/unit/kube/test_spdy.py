"""SPDY frames as bytes."""

from __future__ import annotations

import contextlib
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.kube.spdy import Misframed, Session


def control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return b"\x80\x03" + kind.to_bytes(2, "big") + bytes([flags]) + len(body).to_bytes(3, "big") + body


@given(
    frames=st.lists(st.tuples(st.sampled_from((1, 3)), st.binary(max_size=200), st.booleans()), max_size=8),
    cuts=st.lists(st.integers(0, 2000), max_size=10),
)
def test_data_arrives_however_it_is_cut(frames: list[tuple[int, bytes, bool]], cuts: list[int]) -> None:
    data = control(2, b"\0\0\0\1rest")
    for stream, text, end in frames:
        data += Session.data(stream, text, end=end)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    session, seen = Session(), {1: b"", 3: b""}
    ends: list[int] = []
    for start, stop in pairwise(edges):
        for stream, piece, ended in session.feed(data[start:stop]):
            seen[stream] += piece
            ends += [stream] if ended else []
    assert seen == {n: b"".join(text for stream, text, _ in frames if stream == n) for n in (1, 3)}
    assert ends == [stream for stream, _, end in frames if end]


def test_headers_of_a_stream_are_packed_into_one_flow() -> None:
    session, unpack = Session(), zlib.decompressobj()
    for number, end in ((1, True), (3, False)):
        frame = session.begin(number, {"port": "80"}, end=end)
        assert frame[:5] == b"\x80\x03\x00\x01" + (b"\x01" if end else b"\x00")
        assert int.from_bytes(frame[5:8], "big") == len(frame) - 8
        assert frame[8:12] == number.to_bytes(4, "big")
        block = unpack.decompress(frame[18:])
        assert block == b"\0\0\0\1" + b"\0\0\0\4port" + b"\0\0\0\00280"


def test_large_data_goes_in_frames() -> None:
    session = Session()
    sent = session.data(3, b"x" * 150_000, end=True)
    pieces = session.feed(sent)
    assert b"".join(data for _, data, _ in pieces) == b"x" * 150_000
    assert [ended for _, _, ended in pieces] == [False, False, True]


def test_a_ping_is_answered_and_a_reset_ends_a_stream() -> None:
    session, ping = Session(), control(6, b"\0\0\0\2")
    assert session.feed(ping + control(3, b"\0\0\0\3\0\0\0\1") + control(7, b"\0\0\0\0\0\0\0\0")) == [
        (3, b"", True)
    ]
    assert session.answers() == ping
    assert session.answers() == b""


def test_another_protocol_is_refused() -> None:
    with pytest.raises(Misframed):
        Session().feed(b"\x80\x02\0\1\0\0\0\0")


@given(data=st.binary(max_size=100))
def test_no_bytes_break_it_otherwise(data: bytes) -> None:
    with contextlib.suppress(Misframed):
        Session().feed(data)
