"""Bytes of a file onto the disk and from it, in pieces: nothing is ever put together."""

from __future__ import annotations

import os
from collections.abc import Iterator

from moorage.inside.layers.sparse import Parts

_PIECE = 1 << 18


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


def read_parts(fd: int, parts: Parts) -> Iterator[bytes]:
    """The bytes of these parts one after the other; fewer where the file is shorter by now."""
    for start, length in parts:
        at, end = start, start + length
        while at < end and (piece := os.pread(fd, min(_PIECE, end - at), at)):
            at += len(piece)
            yield piece
