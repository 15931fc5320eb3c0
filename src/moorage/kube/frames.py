"""RFC 6455 without extensions, the client's side: frames to and from bytes, and the opening handshake.

Pieces of messages are given as they come: nothing waits for a whole frame, so large ones cost no memory.
"""

from __future__ import annotations

import os
from binascii import b2a_base64
from collections.abc import Mapping

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

_LONGEST_CONTROL = 125
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Misframed(Exception):
    """The bytes do not follow RFC 6455."""


def encode(opcode: int, data: bytes) -> bytes:
    """One whole frame, masked as a client has to (5.3)."""
    size = len(data)
    head = bytearray([0x80 | opcode])
    if size < 126:
        head.append(0x80 | size)
    elif size < 65536:
        head.append(0x80 | 126)
        head += size.to_bytes(2, "big")
    else:
        head.append(0x80 | 127)
        head += size.to_bytes(8, "big")
    key = os.urandom(4)
    return b"".join((head, key, masked(data, key)))


def masked(data: bytes, key: bytes) -> bytes:
    """`data` under the mask, and back again: one exclusive or of two long numbers."""
    size = len(data)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")


class Splitter:
    """Takes bytes as they come; gives (opcode, bytes, begins): data in pieces, control frames whole.

    `begins`: the piece is the first one of its message. An empty message is one empty piece.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._left = 0
        self._opcode = 0
        self._message = 0
        self._final = True
        self._begins = False
        self._control = bytearray()
        self._inside = False

    @property
    def complete(self) -> bool:
        """Whether nothing is left of a frame or message that has begun."""
        return not self._inside and not self._head and not self._message

    def feed(self, data: bytes) -> list[tuple[int, bytes, bool]]:
        """Raises Misframed."""
        pieces: list[tuple[int, bytes, bool]] = []
        view, place = memoryview(data), 0
        while True:
            if not self._inside:
                place += self._read_head(view[place:])
                if not self._inside:
                    return pieces
            taken = bytes(view[place : place + self._left])
            place += len(taken)
            self._left -= len(taken)
            if taken or not self._left:
                self._take(taken, pieces)
            if self._left:
                return pieces
            self._inside = False

    def _take(self, taken: bytes, pieces: list[tuple[int, bytes, bool]]) -> None:
        if self._opcode >= CLOSE:
            self._control += taken
            if not self._left:
                pieces.append((self._opcode, bytes(self._control), True))
                self._control.clear()
            return
        if taken or self._begins:
            pieces.append((self._message, taken, self._begins))
            self._begins = False
        if not self._left and self._final:
            self._message = 0

    def _read_head(self, view: memoryview) -> int:
        """Bytes of the head that were in `view`; inside a frame once it is complete."""
        taken = 0
        while (wanted := self._wanted()) > 0:
            piece = bytes(view[taken : taken + wanted])
            if not piece:
                return taken
            self._head += piece
            taken += len(piece)
        self._begin()
        return taken

    def _wanted(self) -> int:
        if len(self._head) < 2:
            return 2 - len(self._head)
        return 2 + {126: 2, 127: 8}.get(self._head[1] & 0x7F, 0) - len(self._head)

    def _begin(self) -> None:
        first, second = self._head[0], self._head[1] & 0x7F
        size = int.from_bytes(self._head[2:], "big") if second > 125 else second
        final, opcode = bool(first & 0x80), first & 0x0F
        self._check(first, opcode, size, final)
        if opcode < CLOSE:
            self._final = final
            if opcode != CONTINUATION:
                self._message, self._begins = opcode, True
        self._opcode, self._left, self._inside = opcode, size, True
        self._head.clear()

    def _check(self, first: int, opcode: int, size: int, final: bool) -> None:
        if first & 0x70 or self._head[1] & 0x80:
            raise Misframed("reserved bits, or a mask from a server")
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Misframed(f"opcode {opcode}")
        if opcode >= CLOSE and (size > _LONGEST_CONTROL or not final):
            raise Misframed("a control frame that is too long or in pieces")
        if opcode < CLOSE and (opcode == CONTINUATION) != bool(self._message):
            raise Misframed("a message in the middle of another one, or a continuation of none")
        if size >> 63:
            raise Misframed("a length with the highest bit set")


def opening(protocols: tuple[str, ...]) -> dict[str, str]:
    """The headers of a request that becomes a WebSocket (4.1)."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": b2a_base64(os.urandom(16), newline=False).decode(),
        "Sec-WebSocket-Protocol": ", ".join(protocols),
    }


def chosen_protocol(asked: Mapping[str, str], answered: Mapping[str, str]) -> str:
    """The protocol of `asked` that an answer of 101 has chosen; "" for none. Raises Misframed."""
    from hashlib import sha1  # only where a stream is opened

    key = asked["Sec-WebSocket-Key"].encode()
    wanted = b2a_base64(sha1(key + _GUID, usedforsecurity=False).digest(), newline=False).decode()
    if answered.get("upgrade", "").lower() != "websocket" or answered.get("sec-websocket-accept") != wanted:
        raise Misframed("the answer to the opening handshake is none")
    chosen = answered.get("sec-websocket-protocol", "")
    if chosen and chosen not in asked["Sec-WebSocket-Protocol"].split(", "):
        raise Misframed(f"the server chose {chosen[:80]!r}")
    return chosen


def close_reason(data: bytes) -> str:
    """What a close frame says, in words (5.5.1)."""
    if len(data) < 2:
        return "closed"
    return f"closed with {int.from_bytes(data[:2], 'big')} {data[2:].decode(errors='replace')}".strip()
