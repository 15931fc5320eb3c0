"""What ELF files say, read from a real one, and paths that are changed in place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.runtime import elf


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no ELF files")
def test_an_interpreter_says_what_it_needs() -> None:
    said = elf.read(Path(sys.executable).resolve().read_bytes())
    assert said.interpreter.startswith("/")
    assert any(name.startswith("libc.so") for name in said.needed)


@given(st.binary(max_size=200))
def test_anything_else_is_refused(content: bytes) -> None:
    for whole in (content, elf.MAGIC + b"\x02\x01" + content):
        try:
            elf.read(whole)
        except elf.NotElf:
            continue


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no ELF files")
@given(st.data())
def test_a_broken_file_is_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(Path(sys.executable).resolve().read_bytes()[:4096])
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(6, 1023))] = data.draw(st.integers(0, 255))
    try:
        elf.read(bytes(content))
    except elf.NotElf:
        return


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("/etc/long", "/x", b"a\0/etc/long\0b", b"a\0/x\0\0\0\0\0\0\0\0b"),
        ("/usr/lib/", "/x/", b"-/usr/lib/-", b"-/x///////-"),
        ("/usr", "/own", b"/usr/lib /usr\0", b"/own/lib /own\0"),
    ],
)
def test_a_path_is_replaced_in_its_place(old: str, new: str, before: bytes, after: bytes) -> None:
    assert elf.rewrite(before, old, new) == after


@pytest.mark.parametrize(
    ("content", "old", "new"),
    [
        (b"\0/etc\0", "/etc", "/longer"),
        (b"\0/etc/more\0", "/etc", "/x"),
        (b"\0other\0", "/etc", "/x"),
    ],
)
def test_what_does_not_fit_is_refused(content: bytes, old: str, new: str) -> None:
    with pytest.raises(ValueError, match="/etc"):
        elf.rewrite(content, old, new)


@given(st.binary(), st.binary())
def test_nothing_moves(before: bytes, after: bytes) -> None:
    content = before + b"\0/etc/ld.so.cache\0" + after
    changed = elf.rewrite(content, "/etc/ld.so.cache", "/none")
    assert len(changed) == len(content)
    assert b"/etc/ld.so.cache\0" not in changed[len(before) : len(before) + 18]
