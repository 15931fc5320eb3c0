import io
import tarfile

import pytest

from moorage.builders.base import Context
from moorage.builders.engine.place import OWN, is_read, place, unpack
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


def context(*patterns, holds=()):
    return Context(archive=archive, patterns=patterns, holds=lambda path: path in holds)


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
    found = place(spec, spec.dockerfile, context(".", holds=("Dockerfile",)))
    assert (found.kind, found.name) == ("own", "Dockerfile")


def test_ignored_or_changed_it_goes_beside(spec):
    assert place(spec, spec.dockerfile, context(".")).kind == "beside"
    assert place(spec, "FROM y\n", context(".", holds=("Dockerfile",))).kind == "beside"


def test_unpacking_keeps_files_and_overrules_the_ignore_file(tmp_path):
    found = unpack(str(tmp_path), "FROM x\n", context("."))
    assert (tmp_path / "context/a/b.txt").read_text() == "b"
    assert (tmp_path / "context/a/b.txt").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "Dockerfile").read_text() == "FROM x\n"
    assert (tmp_path / "Dockerfile.dockerignore").exists()
    assert found.dockerfile == str(tmp_path / "Dockerfile")
