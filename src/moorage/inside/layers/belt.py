"""Hands pieces from one thread to the next, a few at a time, and tells either end when the other stops."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator


class Stopped(Exception):
    """Nobody takes from the belt any more."""


class Belt:
    """`most` pieces lie on it. Whoever gives more waits, as does whoever finds it empty."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces = deque[bytes]()
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None
        self._stopped = False

    def offer(self, piece: bytes) -> bool:
        """Lay a piece down where there is room; says whether there was. Raises Stopped."""
        with self._changed:
            if self._stopped:
                raise Stopped
            if len(self._pieces) >= self._most:
                return False
            self._pieces.append(piece)
            self._changed.notify_all()
            return True

    def put(self, piece: bytes) -> None:
        """Lay a piece down, once there is room. Raises Stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._pieces) < self._most)
        self.offer(piece)

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more comes: that was all, or `error` is why, which the other end raises. Said once."""
        with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more is taken."""
        with self._changed:
            self._stopped = True
            self._pieces.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces or self._ended)
                if not self._pieces:
                    if self._error is not None:
                        raise self._error
                    return
                piece = self._pieces.popleft()
                self._changed.notify_all()
            yield piece
