"""The context of a build that installs Features."""

from __future__ import annotations

import io
import tarfile

from moorage.builders.engine.place import readable_in_place
from moorage.builders.features import context
from moorage.spec.build import BuildSpec


def members(made, extra=None):
    with tarfile.open(fileobj=io.BytesIO(b"".join(made.archive(extra or {})))) as archive:
        return {
            member.name: (member.type, member.mode, member.linkname)
            if not member.isfile()
            else (archive.extractfile(member).read(), member.mode)
            for member in archive
        }


def test_files_of_several_folders_and_ours(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / "lib/x.sh").write_text(name)
        (tmp_path / name / "lib/x.sh").chmod(0o600)
    (tmp_path / "b/link").symlink_to("/etc/passwd")
    made = context({"a-1": tmp_path / "a", "b-2": tmp_path / "b"}, {"a-1/own.env": "é"})
    found = members(made, {"Dockerfile": b"FROM x"})
    assert found == {
        "Dockerfile": (b"FROM x", 0o644),
        "a-1": (tarfile.DIRTYPE, 0o755, ""),
        "a-1/own.env": ("é".encode(), 0o644),
        "a-1/lib": (tarfile.DIRTYPE, 0o755, ""),
        "a-1/lib/x.sh": (b"a", 0o755),
        "b-2": (tarfile.DIRTYPE, 0o755, ""),
        "b-2/lib": (tarfile.DIRTYPE, 0o755, ""),
        "b-2/lib/x.sh": (b"b", 0o755),
        "b-2/link": (tarfile.SYMTYPE, 0o777, "/etc/passwd"),
    }
    assert b"".join(made.archive({})) == b"".join(made.archive({}))


def test_a_feature_cannot_put_its_own_in_place_of_ours(tmp_path):
    (tmp_path / "own.env").mkdir()
    (tmp_path / "own.env/evil").touch()
    (tmp_path / "own.sh").symlink_to("/evil")
    found = members(context({"a": tmp_path}, {"a/own.env": "1", "a/own.sh": "2"}))
    assert found == {
        "a": (tarfile.DIRTYPE, 0o755, ""),
        "a/own.env": (b"1", 0o644),
        "a/own.sh": (b"2", 0o644),
    }


def test_builders_take_the_archive(tmp_path):
    made = context({"a": tmp_path}, {"a/own.env": "1"})
    spec = BuildSpec(tag="t", dockerfile="FROM x", dockerfile_name="Dockerfile", context="")
    assert not readable_in_place(spec, made)
