"""Frames of RFC 6455 as bytes, however they are cut."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.kube.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    Misframed,
    Splitter,
    chosen_protocol,
    close_reason,
    encode,
    masked,
    opening,
)


def frame(opcode: int, data: bytes, *, final: bool = True) -> bytes:
    """A server's frame: never masked."""
    size = len(data)
    if size < 126:
        length = bytes([size])
    elif size < 65536:
        length = bytes([126]) + size.to_bytes(2, "big")
    else:
        length = bytes([127]) + size.to_bytes(8, "big")
    return bytes([(0x80 if final else 0) | opcode]) + length + data


def messages(pieces: list[tuple[int, bytes, bool]]) -> list[tuple[int, bytes]]:
    whole: list[tuple[int, bytes]] = []
    control = []
    for opcode, data, begins in pieces:
        if opcode >= CLOSE:
            control.append((opcode, data))
        elif begins:
            whole.append((opcode, data))
        else:
            whole[-1] = (whole[-1][0], whole[-1][1] + data)
    return whole + control


@given(
    texts=st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=3), max_size=6),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
    pings=st.booleans(),
)
def test_messages_arrive_however_they_are_cut(texts: list[list[bytes]], cuts: list[int], pings: bool) -> None:
    data, expected = b"", []
    for parts in texts:
        for number, part in enumerate(parts):
            data += frame(BINARY if number == 0 else CONTINUATION, part, final=number == len(parts) - 1)
            data += frame(PING, b"p") if pings else b""
        expected.append((BINARY, b"".join(parts)))
    control = [(PING, b"p")] * sum(len(parts) for parts in texts) if pings else []
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    splitter, pieces = Splitter(), []
    for start, end in itertools.pairwise(edges):
        pieces += splitter.feed(data[start:end])
    assert messages(pieces) == expected + control
    assert splitter.complete


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70000])
def test_frames_of_every_length_arrive(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    assert Splitter().feed(frame(BINARY, data[:size])) == [(BINARY, data[:size], True)]


@given(data=st.binary(max_size=70000))
def test_a_masked_frame_holds_its_data(data: bytes) -> None:
    sent = encode(BINARY, data)
    head = len(sent) - len(data)
    assert sent[1] & 0x80
    assert masked(sent[head:], sent[head - 4 : head]) == data


def test_a_piece_comes_before_its_frame_is_whole() -> None:
    splitter = Splitter()
    assert splitter.feed(frame(BINARY, b"abcdef")[:5]) == [(BINARY, b"abc", True)]
    assert not splitter.complete
    assert splitter.feed(b"def") == [(BINARY, b"def", False)]
    assert splitter.complete


@pytest.mark.parametrize(
    "data",
    [
        b"\xc2\x00",  # a reserved bit
        b"\x82\x81\x00\x00\x00\x00a",  # masked by a server
        b"\x83\x00",  # an opcode that nobody knows
        b"\x09\x00",  # a ping in pieces
        b"\x89\x7e\x00\x7e",  # a ping that is too long
        b"\x80\x00",  # the continuation of nothing
        b"\x02\x01a\x82\x00",  # a message in the middle of another
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(Misframed):
        Splitter().feed(data)


@given(data=st.binary(max_size=200))
def test_no_bytes_break_it_otherwise(data: bytes) -> None:
    with contextlib.suppress(Misframed):
        Splitter().feed(data)


def test_the_example_of_the_rfc_is_accepted() -> None:
    asked = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "a, b"}
    answer = {"upgrade": "websocket", "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}
    assert chosen_protocol(asked, answer) == ""
    assert chosen_protocol(asked, answer | {"sec-websocket-protocol": "b"}) == "b"
    for wrong in ({"sec-websocket-accept": "x"}, {"upgrade": "h2c"}, {"sec-websocket-protocol": "c"}):
        with pytest.raises(Misframed):
            chosen_protocol(asked, answer | wrong)


def test_each_opening_has_a_key_of_its_own() -> None:
    assert opening(("a",))["Sec-WebSocket-Key"] != opening(("a",))["Sec-WebSocket-Key"]


def test_a_close_frame_in_words() -> None:
    assert close_reason(b"\x03\xe8bye") == "closed with 1000 bye"
    assert close_reason(b"") == "closed"
