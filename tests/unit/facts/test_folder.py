"""A folder as tar: what is in it comes out again, and what is ignored does not."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.facts.folder import FolderChanged, archive, ignore, members


def unpacked(folder: Path, target: Path) -> list[str]:
    data = b"".join(archive(str(folder), ignore(str(folder)), "last"))
    with tarfile.open(fileobj=io.BytesIO(data)) as made:
        made.extractall(target, filter="data")
        return made.getnames()


def test_all_of_it_arrives_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    (source / "deep/er").mkdir(parents=True)
    (source / "deep/er/tool").write_text("#!/bin/sh\n")
    (source / "deep/er/tool").chmod(0o755)
    (source / "none").write_bytes(b"")
    (source / "block").write_bytes(b"x" * 512)
    (source / "large").write_bytes(b"y" * (3 << 20))
    (source / ("long" * 60)).write_text("name")
    (source / "grün\udcff").write_text("no UTF-8")
    (source / "link").symlink_to("deep/er")
    os.mkfifo(source / "pipe")
    os.utime(source / "none", (1, 1_000_000_000))
    names = unpacked(source, tmp_path / "target")
    target = tmp_path / "target"
    assert names[-1] == "last"
    assert names.index("deep") < names.index("deep/er") < names.index("deep/er/tool")
    assert (target / "empty").is_dir()
    assert (target / "deep/er/tool").stat().st_mode & 0o777 == 0o755
    assert (target / "large").read_bytes() == b"y" * (3 << 20)
    assert (target / "block").read_bytes() == b"x" * 512
    assert (target / ("long" * 60)).read_text() == "name"
    assert (target / "grün\udcff").read_text() == "no UTF-8"
    assert (target / "link").readlink() == Path("deep/er")
    assert (target / "none").stat().st_mtime == 1_000_000_000
    assert not (target / "pipe").exists()


def test_what_is_ignored_stays_here(tmp_path: Path) -> None:
    for name in (
        "node_modules/a/b",
        "keep/node_modules/c",
        "build/out",
        "build/wanted",
        "src/x.log",
        "src/x",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".moorageignore").write_text("# mine\nnode_modules\nbuild\n!build/wanted\n**/*.log\n")
    found = {path for path, _ in members(str(tmp_path), ignore(str(tmp_path)))}
    files = {path for path in found if (tmp_path / path).is_file()}
    assert files == {"keep/node_modules/c", "build/wanted", "src/x", ".moorageignore"}


def test_a_file_that_shrinks_ends_the_stream(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("to be cut")
    stream = archive(str(tmp_path), ignore(str(tmp_path)), "last")
    for _ in range(4):  # header, content and padding of one, header of the other
        next(stream)
    (tmp_path / "b").write_text("cut")
    with pytest.raises(FolderChanged) as failed:
        list(stream)
    assert str(tmp_path / "b") in failed.value.evidence


def test_a_chunk_is_never_empty_and_never_large(tmp_path: Path) -> None:
    for size in (0, 1, 511, 512, 513, 1 << 20, (1 << 20) + 1):
        (tmp_path / str(size)).write_bytes(bytes(size))
    sizes = [len(each) for each in archive(str(tmp_path), ignore(str(tmp_path)), "last")]
    assert min(sizes) > 0
    assert max(sizes) <= 1 << 20


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.binary(max_size=1500), max_size=6))
def test_any_files(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name, data in files.items():
        (source / name).write_bytes(data)
    unpacked(source, target)
    assert {path.name: path.read_bytes() for path in target.iterdir() if path.name != "last"} == files
