from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from moorage.compat.authoring.collection import BadCollection, Item, Kind, NoCollection, collection
from moorage.compat.authoring.packing import COLLECTION, OutputExists, pack, write
from moorage.devcontainer.warnings import Warning
from moorage.errors import MoorageError
from moorage.facts.features.local import FeatureOutside
from tests.unit.compat.authoring.folders import feature, template


def read(target: Path, kind: Kind = "feature") -> tuple[tuple[Item, ...], list[Warning]]:
    told: list[Warning] = []
    return collection(target, kind, told.append), told


def names(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        members = [member for member in opened if member.isfile()]
        return {member.name: opened.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def test_a_collection_is_read_from_its_folder_or_its_src(tmp_path: Path) -> None:
    feature(tmp_path / "src", "b")
    feature(tmp_path / "src", "a")
    (tmp_path / "src" / "notes").mkdir()
    for target in (tmp_path, tmp_path / "src"):
        items, told = read(target)
        assert [item.id for item in items] == ["a", "b"]
        assert any("notes" in warning.text for warning in told)
    (item,) = read(tmp_path / "src" / "a")[0]
    assert item.id == "a"


def test_equal_folders_give_equal_archives(tmp_path: Path) -> None:
    one = feature(tmp_path / "one", "a", legacyIds=["old"])
    (one / "sub").mkdir()
    (one / "sub" / "tool").write_text("x")
    (one / "sub" / "tool").chmod(0o755)
    other = tmp_path / "other" / "a"
    shutil.copytree(one, other)
    for path in other.rglob("*"):
        os.utime(path, (0, 0))
    (other / "install.sh").chmod(0o600)
    assert pack(read(one)[0][0]) == pack(read(other)[0][0])


def test_archives_are_plain_tars_with_all_files(tmp_path: Path) -> None:
    folder = feature(tmp_path, "a")
    (folder / "library").mkdir()
    (folder / "library" / "common.sh").write_text("x")
    archive = pack(read(folder)[0][0])
    assert archive[257:262] == b"ustar"
    assert set(names(archive)) == {"./devcontainer-feature.json", "./install.sh", "./library/common.sh"}
    assert (
        names(archive)["./devcontainer-feature.json"] == (folder / "devcontainer-feature.json").read_bytes()
    )


def test_a_renamed_feature_says_its_name_of_today(tmp_path: Path) -> None:
    (item,) = read(feature(tmp_path, "new", legacyIds=["old"]))[0]
    assert item.metadata["currentId"] == "new"
    assert json.loads(names(pack(item))["./devcontainer-feature.json"])["currentId"] == "new"


def test_archives_and_metadata_go_into_one_folder(tmp_path: Path) -> None:
    feature(tmp_path / "src", "a")
    feature(tmp_path / "src", "b", options={"x": {"type": "string", "default": ""}})
    items, _ = read(tmp_path)
    output = tmp_path / "deep" / "output"
    assert write(items, "feature", output) == [
        "devcontainer-feature-a.tgz",
        "devcontainer-feature-b.tgz",
        COLLECTION,
    ]
    metadata = json.loads((output / COLLECTION).read_bytes())
    assert [each["id"] for each in metadata["features"]] == ["a", "b"]
    with pytest.raises(OutputExists):
        write(items, "feature", output)
    (output / "old").write_text("")
    write(items, "feature", output, clean=True)
    assert not (output / "old").exists()


def test_templates_are_packed_whole(tmp_path: Path) -> None:
    (item,) = read(template(tmp_path, "t"), "template")[0]
    assert set(names(pack(item))) == {"./.devcontainer/devcontainer.json", "./devcontainer-template.json"}
    assert item.metadata["type"] == "image"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "install.sh").unlink(), r"no install\.sh"),
        (lambda folder: folder.rename(folder.with_name("other")), "folder's name"),
        (lambda folder: feature(folder.parent, "a", version="1.2"), r"form 1\.2\.3"),
        (lambda folder: feature(folder.parent, "a", version="1.2.3+build"), r"form 1\.2\.3"),
    ],
)
def test_what_cannot_be_published_is_refused(tmp_path: Path, change: object, said: str) -> None:
    assert callable(change)
    change(feature(tmp_path / "src", "a"))
    with pytest.raises(MoorageError, match=said):
        read(tmp_path)


def test_links_that_lead_out_are_not_packed(tmp_path: Path) -> None:
    (feature(tmp_path, "a") / "link").symlink_to("/etc/passwd")
    with pytest.raises(FeatureOutside):
        read(tmp_path)


def test_a_template_without_a_configuration_is_refused(tmp_path: Path) -> None:
    shutil.rmtree(template(tmp_path, "t") / ".devcontainer")
    with pytest.raises(BadCollection, match=r"no devcontainer\.json"):
        read(tmp_path, "template")


@pytest.mark.parametrize("target", ["missing", "."])
def test_a_folder_with_nothing_in_it_is_said(tmp_path: Path, target: str) -> None:
    with pytest.raises(NoCollection) as caught:
        read(tmp_path / target)
    assert caught.value.hint
