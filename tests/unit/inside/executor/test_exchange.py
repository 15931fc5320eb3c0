"""A root that goes aside and comes back, renamed or copied, is as it was; what is guarded never moves."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage.inside.executor import copies, exchange
from moorage.inside.executor.place import Place
from moorage.inside.layers.journal import Journal
from tests.unit.inside.layers.archives import tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

GUARDED = ("/etc/hosts", "/var/run/secret", "/store")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    root = tmp_path / "root"
    for folder in ("etc", "var/run/secret", "store", "usr/bin", "tmp"):
        (root / folder).mkdir(parents=True)
    (root / "etc/hosts").write_text("the container's")
    (root / "etc/passwd").write_text("image")
    (root / "etc").chmod(0o751)
    (root / "var/run/secret/token").write_text("the container's")
    (root / "usr/bin/tool").write_bytes(b"x" * 100)
    (root / "usr/bin/tool").chmod(0o4755)
    os.chown(root / "usr/bin/tool", 12, 34)
    (root / "usr/bin/again").hardlink_to(root / "usr/bin/tool")
    (root / "bin").symlink_to("usr/bin")
    os.mkfifo(root / "tmp/pipe")
    os.mknod(root / "tmp/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    (root / "tmp").chmod(0o1777)
    with (root / "holes").open("wb") as file:
        file.seek(3 << 20)
        file.write(b"end")
        file.truncate(9 << 20)
    os.setxattr(root / "holes", "user.a", b"b")
    os.utime(root / "usr/bin/tool", ns=(5, 7))
    os.utime(root / "usr", ns=(5, 7))
    return Place(root=str(root), store=str(root / "store"), guarded=GUARDED)


def image(place: Place) -> dict[str, str]:
    """Without what is guarded, nor the times of folders that hold it."""
    return {
        path: what
        for path, what in tree(Path(place.root)).items()
        if not path.startswith(("store", "etc/hosts", "var/run/secret"))
    }


def leave(place: Place) -> None:
    assert Path(place.root, "etc/hosts").read_text() == "the container's"
    assert Path(place.root, "var/run/secret/token").read_text() == "the container's"


@pytest.mark.parametrize(
    ("away", "back"),
    [(exchange.set_aside, exchange.bring_back), (exchange.copied, exchange.copy_back),
     (exchange.set_aside, exchange.copy_back), (exchange.copied, exchange.bring_back)],
)  # fmt: skip
def test_there_and_back(
    place: Place,
    away: Callable[[Place, str], None],
    back: Callable[[Place, str], None],
    tmp_path: Path,
) -> None:
    before = image(place)
    folder = f"{place.store}/stages/0"
    away(place, folder)
    assert not Path(folder, "etc/hosts").exists()
    assert Path(folder, "etc/passwd").read_text() == "image"
    exchange.fresh(place, Journal(tmp_path / "journal"))
    assert sorted(image(place)) == ["etc", "var", "var/run"]
    leave(place)
    back(place, folder)
    assert image(place) == before
    assert Path(place.root, "holes").stat().st_blocks * 512 < 1 << 20
    leave(place)


def test_a_copy_that_is_over_another_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(source: str, target: str) -> None:
        raise OSError(18, "Invalid cross-device link")

    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_text("x")
    before = tree(tmp_path / "a")
    monkeypatch.setattr(os, "rename", elsewhere)
    copies.move(str(tmp_path / "a"), str(tmp_path / "b"))
    assert tree(tmp_path / "b") == before
    assert not (tmp_path / "a").exists()
