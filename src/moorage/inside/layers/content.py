"""Bytes of a file onto the disk, in the pieces that they come in: nothing is put together before."""

from __future__ import annotations

import os
from collections.abc import Iterator

from moorage.inside.layers.sparse import Parts


def write(fd: int, pieces: Iterator[memoryview]) -> None:
    """One piece after the other."""
    for piece in pieces:
        done = os.write(fd, piece)
        while done < len(piece):
            done += os.write(fd, piece[done:])


def write_parts(fd: int, size: int, parts: Parts, pieces: Iterator[memoryview]) -> None:
    """Each part at its place; what lies between stays a hole."""
    os.ftruncate(fd, size)
    piece = memoryview(b"")
    for start, length in parts:
        at, end = start, start + length
        while at < end:
            piece = piece or next(pieces)
            done = os.pwrite(fd, piece[: end - at], at)
            at, piece = at + done, piece[done:]
