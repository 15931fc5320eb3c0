"""Bytes between a process and this process's own descriptors, over real pipes."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.cli.streams import OutputClosed, Sink, feed


class Taken:
    """A process that only takes input."""

    def __init__(self) -> None:
        self.data = b""
        self.ended = asyncio.Event()

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        raise NotImplementedError

    async def write(self, data: bytes) -> None:
        self.data += data

    async def close_input(self) -> None:
        self.ended.set()

    async def resize(self, columns: int, rows: int) -> None: ...

    async def wait(self) -> int:
        return 0

    async def close(self) -> None: ...


async def test_a_pipe_is_fed_until_its_end() -> None:
    reader, writer = os.pipe()
    taken = Taken()
    feeding = asyncio.ensure_future(feed(taken, reader))
    os.write(writer, b"\0first")
    while taken.data != b"\0first":
        await asyncio.sleep(0)
    assert not taken.ended.is_set()
    os.write(writer, b"second\xff")
    os.close(writer)
    await feeding
    os.close(reader)
    assert taken.data == b"\0firstsecond\xff"
    assert taken.ended.is_set()


@pytest.mark.parametrize("size", [0, 1, 200_000])
async def test_a_file_is_fed_although_it_cannot_be_waited_for(tmp_path: Path, size: int) -> None:
    file = tmp_path / "input"
    file.write_bytes(bytes(size))
    taken = Taken()
    with file.open("rb") as opened:
        await feed(taken, opened.fileno())
    assert len(taken.data) == size
    assert taken.ended.is_set()


async def test_a_closed_descriptor_is_the_end_of_input() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    taken = Taken()
    await feed(taken, reader)
    assert taken.ended.is_set()


async def test_a_slow_reader_gets_everything_and_blocks_nobody() -> None:
    reader, writer = os.pipe()
    data = os.urandom(1_000_000)
    writing = asyncio.ensure_future(Sink(writer).write(data))
    got = b""
    turns = 0
    while not writing.done() or len(got) < len(data):
        turns += 1
        await asyncio.sleep(0)  # the loop turns although the pipe is full
        if turns % 3 == 0:
            got += os.read(reader, 8192)
    await writing
    assert got == data
    assert not fcntl.fcntl(writer, fcntl.F_GETFL) & os.O_NONBLOCK
    os.close(reader)
    os.close(writer)


async def test_a_reader_that_is_gone_is_told() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(OutputClosed):
        await Sink(writer).write(b"x")
    os.close(writer)


async def test_a_file_takes_it_all(tmp_path: Path) -> None:
    with (tmp_path / "output").open("wb") as opened:
        await Sink(opened.fileno()).write(bytes(300_000))
    assert (tmp_path / "output").stat().st_size == 300_000
