"""As much of SPDY/3.1 as a forwarded port needs: streams with headers, data, and the end of one side.

The kubelet's port-forward speaks it, since Kubernetes 1.31 within a WebSocket. Headers that come are skipped,
none of them says anything; windows are not kept by either side.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

PROTOCOL = "SPDY/3.1+portforward.k8s.io"

_SYN_STREAM, _RST_STREAM, _PING, _GOAWAY = 1, 3, 6, 7
_FIN = 1
_LARGEST_CONTROL = 256 * 1024
_LARGEST_DATA = 64 * 1024


class Misframed(Exception):
    """The bytes do not follow the framing."""


class Session:
    """The client's side of one connection: what to send, and what was received."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj()
        self._head = bytearray()
        self._control = bytearray()
        self._left = 0
        self._answers = bytearray()

    def begin(self, stream: int, headers: Mapping[str, str], *, end: bool = False) -> bytes:
        """Open a stream (2.6.1); `end`: we send nothing on it. Streams of a client have odd numbers."""
        block = len(headers).to_bytes(4, "big")
        for name, value in headers.items():
            for text in (name.encode(), value.encode()):
                block += len(text).to_bytes(4, "big") + text
        packed = self._compressor.compress(block) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        body = stream.to_bytes(4, "big") + bytes(6) + packed
        return b"\x80\x03" + _SYN_STREAM.to_bytes(2, "big") + _flagged(end, len(body)) + body

    @staticmethod
    def data(stream: int, data: bytes, *, end: bool = False) -> bytes:
        """Data frames (2.2.2)."""
        pieces = [data[place : place + _LARGEST_DATA] for place in range(0, len(data), _LARGEST_DATA)] or [
            b""
        ]
        frames = []
        for number, piece in enumerate(pieces, 1):
            last = end and number == len(pieces)
            frames.append(stream.to_bytes(4, "big") + _flagged(last, len(piece)) + piece)
        return b"".join(frames)

    def feed(self, data: bytes) -> list[tuple[int, bytes, bool]]:
        """(stream, bytes, whether the stream has ended) as they come. Raises Misframed."""
        pieces: list[tuple[int, bytes, bool]] = []
        view = memoryview(data)
        while view or (len(self._head) == 8 and not self._left):
            if len(self._head) < 8:
                wanted = 8 - len(self._head)
                self._head += view[:wanted]
                view = view[wanted:]
                if len(self._head) == 8:
                    self._left = int.from_bytes(self._head[5:8], "big")
                    self._check()
                continue
            piece, view = bytes(view[: self._left]), view[self._left :]
            self._left -= len(piece)
            if self._head[0] & 0x80:
                self._take_control(piece, pieces)
            else:
                ended = not self._left and bool(self._head[4] & _FIN)
                pieces.append((int.from_bytes(self._head[:4], "big"), piece, ended))
            if not self._left:
                self._head.clear()
        return pieces

    def answers(self) -> bytes:
        """What has to be sent in answer to what came: pings."""
        answers = bytes(self._answers)
        self._answers.clear()
        return answers

    def _check(self) -> None:
        if self._head[0] & 0x80 and (self._head[:2] != b"\x80\x03" or self._left > _LARGEST_CONTROL):
            raise Misframed(self._head.hex())

    def _take_control(self, piece: bytes, pieces: list[tuple[int, bytes, bool]]) -> None:
        self._control += piece
        if self._left:
            return
        kind, body = int.from_bytes(self._head[2:4], "big"), bytes(self._control)
        self._control.clear()
        number = int.from_bytes(body[:4], "big") & 0x7FFFFFFF
        if kind == _PING:
            self._answers += bytes(self._head) + body
        elif kind == _RST_STREAM or (self._head[4] & _FIN and kind != _GOAWAY):
            pieces.append((number, b"", True))


def _flagged(end: bool, length: int) -> bytes:
    return bytes([_FIN if end else 0]) + length.to_bytes(3, "big")
