"""A program on a private socket: it serves while we do, and says why it does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from moorage import private
from moorage.errors import EngineError, MoorageError
from moorage.served import Served, answers

LISTEN = """import socket, sys, time
made = socket.socket(socket.AF_UNIX)
made.bind(sys.argv[1])
made.listen()
time.sleep(60)"""


class Refused(EngineError):
    code = "served-refused"


def served(place: Path, program: str, *, patience: float = 20) -> Served:
    def failed(why: str, words: tuple[str, ...]) -> MoorageError:
        return Refused(f"{why}: {' '.join(words)}")

    socket = f"{place}/{private.name('t-')}/s"
    return Served(
        [sys.executable, "-c", program, socket],
        socket,
        prefix="t-",
        failed=failed,
        patience=patience,
        grace=5,
    )


async def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    program = served(tmp_path, LISTEN)
    await program.ready()
    await program.ready()
    assert await answers(program.socket)
    assert Path(program.socket).parent.stat().st_mode & 0o777 == 0o700
    await program.stop()
    assert not await answers(program.socket)
    assert list(tmp_path.iterdir()) == []


async def test_one_that_ends_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    program = served(tmp_path, "import sys; sys.exit('no such storage')")
    with pytest.raises(Refused, match="exit code 1: no such storage"):
        await program.ready()
    assert list(tmp_path.iterdir()) == []


async def test_one_that_never_listens_is_ended(tmp_path: Path) -> None:
    program = served(tmp_path, "import time; time.sleep(60)", patience=0.2)
    with pytest.raises(Refused, match="did not listen"):
        await program.ready()
    assert list(tmp_path.iterdir()) == []


async def test_what_dead_processes_left_is_removed(tmp_path: Path) -> None:
    dead = os.fork()
    if not dead:
        os._exit(0)
    os.waitpid(dead, 0)
    for owner in (dead, os.getpid()):
        (tmp_path / f"t-{owner}-00").mkdir()
    program = served(tmp_path, LISTEN)
    await program.ready()
    await program.stop()
    assert [left.name for left in tmp_path.iterdir()] == [f"t-{os.getpid()}-00"]
