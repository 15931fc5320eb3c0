"""The engine's framing of several output streams on one connection: 8 bytes of head, then the bytes.

The head is the stream (1 stdout, 2 stderr), three zeros and a big-endian length (API reference, "Attach").
"""

from __future__ import annotations


class Misframed(Exception):
    """The bytes do not follow the framing."""


class Splitter:
    """Takes the bytes as they come; gives pieces without waiting for whole frames."""

    def __init__(self) -> None:
        self._head = b""
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The (stream, bytes) pieces in `data`. Raises Misframed."""
        pieces: list[tuple[int, bytes]] = []
        view = memoryview(data)
        while view:
            if self._left:
                piece, view = bytes(view[: self._left]), view[self._left :]
                self._left -= len(piece)
                pieces.append((self._stream, piece))
                continue
            wanted = 8 - len(self._head)
            self._head, view = self._head + bytes(view[:wanted]), view[wanted:]
            if len(self._head) == 8:
                self._begin()
        return pieces

    @property
    def complete(self) -> bool:
        """Whether the last frame has come to its end."""
        return not self._left and not self._head

    def _begin(self) -> None:
        head, self._head = self._head, b""
        if head[0] > 3 or head[1:4] != b"\0\0\0":
            raise Misframed(head.hex())
        self._stream, self._left = (2 if head[0] in (2, 3) else 1), int.from_bytes(head[4:], "big")
