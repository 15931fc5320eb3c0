import io
import os
import tarfile
from typing import NamedTuple

import msgspec
import pytest

from moorage.builders.base import Context
from moorage.builders.engine.place import OWN, beside, is_read, place, readable_in_place, unchanged, unpack
from moorage.spec.build import BuildSpec


def archive(extra):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path, content in {"a/b.txt": b"b", ".dockerignore": b"a\n", **extra}.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    data = stream.getvalue()
    yield from (data[start : start + 100] for start in range(0, len(data), 100))


class Found(NamedTuple):
    path: str
    size: int = 0
    modified: int = 0
    inode: int = 0
    mode: int = 0


def context(*patterns, paths=(), ignore=""):
    return Context(archive=archive, patterns=patterns, entries=[Found(path) for path in paths], ignore=ignore)


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    return BuildSpec(tag="t", dockerfile="FROM x\n", dockerfile_name="Dockerfile", context=str(tmp_path))


@pytest.mark.parametrize(
    ("patterns", "read"),
    [((), False), (("src", "a/*"), False), ((".",), True), (("*",), True), (("*.Dockerfile",), True),
     ((".*",), True), (("**/x",), True), (("*.txt",), False)],
)  # fmt: skip
def test_a_name_at_the_root_is_read_or_not(patterns, read):
    assert is_read(OWN, patterns) is read


def test_where_nobody_sees_it_the_dockerfile_is_added(spec):
    assert place(spec, spec.dockerfile, context("src")).kind == "added"


def test_where_it_is_part_of_the_context_it_stays(spec):
    found = place(spec, spec.dockerfile, context(".", paths=("Dockerfile",)))
    assert (found.kind, found.name) == ("own", "Dockerfile")


def test_ignored_or_changed_it_goes_beside(spec):
    assert place(spec, spec.dockerfile, context(".")).kind == "beside"
    assert place(spec, "FROM y\n", context(".", paths=("Dockerfile",))).kind == "beside"


def test_unpacking_keeps_files_and_overrules_the_ignore_file(tmp_path):
    found = unpack(str(tmp_path), "FROM x\n", context("."))
    assert (tmp_path / "context/a/b.txt").read_text() == "b"
    assert (tmp_path / "context/a/b.txt").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "Dockerfile").read_text() == "FROM x\n"
    assert (tmp_path / "Dockerfile.dockerignore").exists()
    assert found.dockerfile == str(tmp_path / "Dockerfile")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("b")
    (tmp_path / "link").symlink_to("nowhere")
    os.utime(tmp_path / "a/b", ns=(1_000_000_001, 1_000_000_001))
    for path, mode in (("a", 0o755), ("a/b", 0o644)):
        (tmp_path / path).chmod(mode)
    return tmp_path


def files(folder):
    entries = []
    for path in ("a/b", "link"):
        now = (folder / path).lstat()
        entries.append(Found(path, now.st_size, now.st_mtime_ns, now.st_ino, now.st_mode))
    return Context(archive=archive, patterns=(".",), entries=entries)


def test_a_folder_in_normal_form_can_be_read_where_it_is(spec, folder):
    assert readable_in_place(spec, files(folder))
    assert unchanged(spec, files(folder))


def test_a_link_may_have_no_size(spec, folder):
    found = files(folder)
    entries = [entry._replace(size=0) if entry.path == "link" else entry for entry in found.entries]
    assert unchanged(spec, msgspec.structs.replace(found, entries=entries))


def test_what_lies_nowhere_together_needs_the_archive(spec, folder):
    generated = context("a", paths=("a/generated",))
    assert not readable_in_place(msgspec.structs.replace(spec, context=""), generated)
    assert not readable_in_place(spec, context("a", paths=("other/generated",)))


@pytest.mark.parametrize(("path", "mode"), [("a", 0o700), ("a/b", 0o664), ("a/b", 0o4755)])
def test_other_modes_need_the_archive(spec, folder, path, mode):
    (folder / path).chmod(mode)
    assert not readable_in_place(spec, files(folder))


def test_so_does_a_file_whose_time_was_set(spec, folder):
    os.utime(folder / "a/b", (5, 5))
    assert not readable_in_place(spec, files(folder))


def test_and_one_that_is_no_longer_what_was_hashed(spec, folder):
    hashed = files(folder)
    (folder / "a/b").write_text("c")
    assert not unchanged(spec, hashed)
    (folder / "a/b").unlink()
    assert not unchanged(spec, hashed)


def test_and_one_that_got_other_modes_since(spec, folder):
    hashed = files(folder)
    (folder / "a/b").chmod(0o755)
    assert not unchanged(spec, hashed)
    (folder / "a/b").chmod(0o644)
    assert unchanged(spec, hashed)
    (folder / "a").chmod(0o700)
    assert not unchanged(spec, hashed)


def test_the_ignore_file_goes_with_the_dockerfile(tmp_path):
    path = beside(str(tmp_path), "FROM x\n", context(".", ignore="a\n"))
    assert (tmp_path / "Dockerfile.dockerignore").read_text() == "a\n"
    assert path == str(tmp_path / "Dockerfile")
