"""Small files are read; pipes, devices and endless ones are refused at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moorage.facts.bounded import FileTooLarge, NotAFile, check, read


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "link").symlink_to("a")
    assert read(str(tmp_path / "link")) == b"x" * 3_000_000
    assert read("/proc/self/cmdline")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for look in (read, check):
        with pytest.raises(NotAFile, match="pipe"):
            look(str(tmp_path / "pipe"))


def test_what_does_not_end_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(NotAFile):
        read("/dev/zero")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FileTooLarge, match="2 MiB"):
        read(str(tmp_path / "sparse"), 2 << 20)


def test_other_errors_are_those_of_open(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "nothing"))
    check(str(tmp_path / "nothing"))
    check(str(tmp_path))
