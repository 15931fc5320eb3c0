"""COPY and ADD on real folders: what is hostile, what is guarded, what is in the way."""

from __future__ import annotations

import asyncio
import bz2
import contextlib
import gzip
import lzma
import os
import socket
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.dockerfile.ignore import read
from moorage.inside.executor.copying import archive
from moorage.inside.executor.copying.copy import copy
from moorage.inside.executor.copying.errors import (
    ArchiveRefused,
    CopyInTheWay,
    CopySourceMissing,
    CopyWrong,
)
from moorage.inside.executor.copying.face import Copying, Fetched, Source, Wanted
from moorage.inside.layers.entry import Limits
from moorage.inside.layers.root import Root
from tests.unit.inside.layers.archives import folder, hard_link, layer, link, member

ME = (os.geteuid(), os.getegid())


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    return write(tmp_path / "context", {"file": "file", "dir/a": "a", "dir/sub/b": "b"})


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return write(tmp_path / "root", {"etc/passwd": "passwd", "over/a/x": "x"})


def write(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


async def done(
    context: Path, top: Path, *words: str, guarded: tuple[str, ...] = (), **more: object
) -> tuple[str, ...]:
    """The last word is the destination."""
    said = {"folder": "/", "owner": ME, **more, "sources": words[:-1], "destination": words[-1]}
    copying = msgspec.convert(said, Copying)
    ignore = read((context / ".dockerignore").read_text()) if (context / ".dockerignore").exists() else None
    with Root(str(top), guarded) as root:
        return await copy(
            copying, Source(folder=str(context), ignore=ignore, is_context=True), root, no_fetch
        )


def no_fetch(wanted: Wanted) -> AbstractAsyncContextManager[Fetched]:
    raise AssertionError(wanted)


async def test_files_come_with_their_times(context: Path, top: Path) -> None:
    os.utime(context / "dir/a", ns=(0, 5))
    assert await done(context, top, "dir", "file", "/new/") == ()
    assert sorted(each.name for each in (top / "new").iterdir()) == ["a", "file", "sub"]
    assert (top / "new/a").stat().st_mtime_ns == 5


@pytest.mark.parametrize("target", ["../secret", "../../secret", "{top}/secret"])
async def test_a_link_of_the_context_does_not_lead_out(
    context: Path, top: Path, tmp_path: Path, target: str
) -> None:
    (context / "link").symlink_to(target.format(top=tmp_path))
    with pytest.raises(CopySourceMissing):
        await done(context, top, "link", "/new")
    (context / "up").symlink_to("..")
    with pytest.raises(CopySourceMissing):
        await done(context, top, "up/secret", "/new")
    assert not (top / "new").exists()


@pytest.mark.parametrize("target", ["../outside", "/../outside", "{top}/outside"])
async def test_a_link_of_the_root_does_not_lead_out(
    context: Path, top: Path, tmp_path: Path, target: str
) -> None:
    (top / "link").symlink_to(target.format(top=tmp_path))
    await done(context, top, "file", "/link/")
    await done(context, top, "dir", "/link/x/")
    await done(context, top, "/link/", heredocs=(("here", b"x"),))
    assert not (tmp_path / "outside").exists()
    assert next(top.rglob("outside")).is_dir()


async def test_what_is_ignored_is_missing_and_the_message_says_why(context: Path, top: Path) -> None:
    (context / ".dockerignore").write_text("dir\n!dir/sub\n")
    with pytest.raises(CopySourceMissing, match="dockerignore"):
        await done(context, top, "dir/a", "/new")
    await done(context, top, "dir", "/new/")
    assert [str(each.relative_to(top / "new")) for each in sorted((top / "new").rglob("*"))] == [
        "sub",
        "sub/b",
    ]


async def test_holes_stay_holes_and_are_not_read(context: Path, top: Path) -> None:
    with (context / "huge").open("wb") as file:
        file.truncate(1 << 40)
        os.pwrite(file.fileno(), b"end", (1 << 40) - 3)
    await done(context, top, "huge", "/new", unpack=True)
    new = (top / "new").stat()
    assert (new.st_size, new.st_blocks * 512 < 1 << 20) == (1 << 40, True)


async def test_names_of_one_file_stay_names_of_one_file(context: Path, top: Path) -> None:
    (context / "dir/again").hardlink_to(context / "dir/a")
    await done(context, top, "dir", "/new")
    assert (top / "new/again").samefile(top / "new/a")
    assert not (top / "new/a").samefile(context / "dir/a")


async def test_a_socket_is_left_out_and_told(
    context: Path, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(context)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("dir/socket")
        assert await done(context, top, "dir", "/new") == ("/new/socket is a socket, which is left out",)


async def test_what_is_guarded_is_not_touched_and_told(context: Path, top: Path) -> None:
    guarded = ("etc/passwd", "over/a")
    for words in (("file", "/etc/passwd"), ("file", "/over/a/y"), ("dir", "/over"), ("dir", "/over/a")):
        assert await done(context, top, *words, guarded=guarded)
        assert await done(context, top, *words, guarded=guarded, link=True)
    assert (top / "etc/passwd").read_text() == "passwd"
    assert os.listdir(top / "over/a") == ["x"]


@pytest.mark.parametrize(
    "words", [("dir", "/etc/passwd"), ("file", "/etc/passwd/x"), ("file", "/loop"), ("dir/a", "/over/")]
)
async def test_what_is_in_the_way(context: Path, top: Path, words: tuple[str, ...]) -> None:
    (top / "loop").symlink_to("loop")
    with pytest.raises(CopyInTheWay):
        await done(context, top, *words)
    assert (top / "etc/passwd").read_text() == "passwd"


async def test_a_link_of_its_own_replaces_what_is_in_the_way(context: Path, top: Path) -> None:
    (top / "link").symlink_to("etc")
    await done(context, top, "dir/a", "/over/", link=True)
    await done(context, top, "file", "/link/passwd", link=True)
    assert (top / "over/a").read_text() == "a"
    assert (top / "etc/passwd").read_text() == "passwd"
    assert (top / "link/passwd").read_text() == "file"
    assert sorted(os.listdir(top)) == ["etc", "link", "over"]


async def test_nothing_is_left_of_a_layer_that_failed(context: Path, top: Path) -> None:
    with pytest.raises(CopySourceMissing):
        await done(context, top, "dir", "nothing", "/new/", link=True)
    assert sorted(os.listdir(top)) == ["etc", "over"]


async def test_a_stage_has_its_owners(context: Path, top: Path) -> None:
    with Root(str(top)) as root:
        copying = Copying(sources=("dir",), destination="/new")
        await copy(copying, Source(folder=str(context)), root, no_fetch)
    assert ((top / "new/a").stat().st_uid, (top / "new/a").stat().st_gid) == ME


PACKED = layer(folder("d"), member("d/x", b"x" * 10_000), member(".wh.passwd", b"w"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
async def test_an_archive_is_unpacked_whatever_its_name(
    context: Path, top: Path, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(PACKED)
    (context / "archive.txt").write_bytes(packed)
    await done(context, top, "archive.txt", "/etc", unpack=True)
    assert sorted(os.listdir(top / "etc")) == [".wh.passwd", "d", "passwd"]
    assert (top / "etc/d/x").stat().st_size == 10_000
    await done(context, top, "archive.txt", "/etc/")
    assert (top / "etc/archive.txt").read_bytes() == packed


@pytest.mark.parametrize(
    "hostile",
    [
        layer(member("a", b"a"), member("../../escaped", b"x")),
        layer(member("../escaped", b"x")),
        layer(member("a", b"a"), hard_link("escaped", "../../secret")),
        layer(member("a", b"a"), hard_link("escaped", "nothing")),
        layer(folder("a"), member("x", b"x" * 5000))[:-9000],
        gzip.compress(PACKED)[:-20],
        bz2.compress(PACKED)[:-20],
        lzma.compress(PACKED)[:-40],
    ],
)
async def test_hostile_and_broken_archives(context: Path, top: Path, tmp_path: Path, hostile: bytes) -> None:
    (context / "bad.tar").write_bytes(hostile)
    with contextlib.suppress(ArchiveRefused):
        await done(context, top, "bad.tar", "/new/", unpack=True)
        assert (top / "new/bad.tar").exists()  # so little is left of it that nobody sees an archive
    assert sorted(os.listdir(tmp_path)) == ["context", "root", "secret"]
    assert not list(tmp_path.rglob("escaped"))


async def test_a_link_in_an_archive_leads_nowhere_else(context: Path, top: Path, tmp_path: Path) -> None:
    (context / "bad.tar").write_bytes(
        layer(link("out", "../.."), link("abs", str(tmp_path)), member("out/x", b"x"), member("abs/y", b"y"))
    )
    await done(context, top, "bad.tar", "/new/", unpack=True)
    assert sorted(os.listdir(tmp_path)) == ["context", "root", "secret"]
    assert (top / "new/x").read_text() == "x"


@given(st.sampled_from([bytes, gzip.compress, bz2.compress, lzma.compress]), st.data())
def test_any_archive_is_unpacked_or_refused(pack: Callable[[bytes], bytes], data: st.DataObject) -> None:
    """Bytes of a good one are changed, before or after it is packed, and its end may be missing."""
    plain = changed(PACKED[:2048], data) + PACKED[2048:]
    packed = changed(pack(plain), data)[: data.draw(st.integers(1, 30_000))]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        file.write(packed)
        file.flush()
        with Root(folder) as root, contextlib.suppress(ArchiveRefused):
            place = root.folder("", make=False)
            if place is not None and archive.is_archive(file.fileno(), "x"):
                archive.unpack_into(file.fileno(), "x", root, place, ME, Limits(total=1 << 24))


def changed(given: bytes, data: st.DataObject) -> bytes:
    there = bytearray(given)
    for at in data.draw(st.lists(st.integers(0, len(given) - 1), max_size=3)):
        there[at] = data.draw(st.integers(0, 255))
    return bytes(there)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(gzip.compress(layer(member("x", bytes(1 << 22)))))
    (tmp_path / "root").mkdir()
    with Root(str(tmp_path / "root")) as root, (tmp_path / "bomb").open("rb") as file:
        place = root.folder("", make=False)
        assert place is not None
        with pytest.raises(ArchiveRefused):
            archive.unpack_into(file.fileno(), "bomb", root, place, None, Limits(total=1 << 20))


async def test_an_archive_respects_what_is_guarded(context: Path, top: Path) -> None:
    (context / "a.tar").write_bytes(layer(member("etc/passwd", b"new"), member("etc/other", b"new")))
    await done(context, top, "a.tar", "/", unpack=True, guarded=("etc/passwd",))
    assert (top / "etc/passwd").read_text() == "passwd"
    assert (top / "etc/other").read_text() == "new"


async def test_an_owner_of_an_archive(context: Path, top: Path) -> None:
    (context / "a.tar").write_bytes(
        layer(member("x", b"x", owner=(12345, 12345)), member("dev", kind=tarfile.FIFOTYPE))
    )
    await done(context, top, "a.tar", "/new", unpack=True)
    assert ((top / "new/x").stat().st_uid, (top / "new/dev").stat().st_gid) == ME


async def test_who_is_cancelled_leaves_no_thread_behind(context: Path, top: Path) -> None:
    for number in range(2000):
        (context / f"dir/file{number}").write_bytes(b"x")
    task = asyncio.ensure_future(done(context, top, "dir", "/new"))
    while not (top / "new").exists():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    count = len(os.listdir(top / "new"))
    await asyncio.sleep(0.01)
    assert len(os.listdir(top / "new")) == count < 2000


@pytest.mark.parametrize(
    "wrong",
    [
        Copying(sources=("https://host/x",), destination="/"),
        Copying(sources=("a", "b"), destination="/", checksum="sha256:0", add=True),
        Copying(sources=("a",), destination="/", checksum="sha256:0", add=True),
        Copying(sources=("a",), destination="/", mode="q"),
    ],
)
async def test_what_contradicts_itself(context: Path, top: Path, wrong: Copying) -> None:
    with Root(str(top)) as root, pytest.raises(CopyWrong):
        await copy(wrong, Source(folder=str(context), is_context=True), root, no_fetch)
