"""The runtime's copy: whole or not there, and made again where it was cut off."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from moorage.inside.environment import ROOT, certificates
from moorage.inside.install import install
from moorage.runtime import recipe


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for path, text in {"bin/python3": "program", "so/libc": "library", "parts/base": "1"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "bin/python").symlink_to("python3")
    (root / "bin/python3").chmod(0o755)
    return root


def content(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_all_of_it_is_copied(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "volume"
    target.mkdir()
    assert "already" not in install(str(target), str(source))
    assert content(target) == content(source)
    assert (target / "bin/python").readlink() == Path("python3")
    assert (target / "bin/python3").stat().st_mode & 0o111


def test_what_is_there_is_left_alone(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "volume"
    install(str(target), str(source))
    before = (target / "bin").stat().st_ino
    assert "already" in install(str(target), str(source))
    assert (target / "bin").stat().st_ino == before


@pytest.mark.parametrize("left", ["bin/python3", ".copying/so/libc", "parts/other", "parts/base"])
def test_the_rest_of_another_copy_is_replaced(source: Path, tmp_path: Path, left: str) -> None:
    target = tmp_path / "volume"
    (target / left).parent.mkdir(parents=True)
    (target / left).write_text("half")
    install(str(target), str(source))
    assert content(target) == content(source)


def test_several_at_once_end_with_one_copy(source: Path, tmp_path: Path) -> None:
    target, said = tmp_path / "volume", list[str]()
    workers = [
        threading.Thread(target=lambda: said.append(install(str(target), str(source)))) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum("already" in each for each in said) == 3
    assert content(target) == content(source)


def test_a_folder_of_the_file_system_stays(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "volume"
    (target / "lost+found").mkdir(parents=True)
    install(str(target), str(source))
    assert (target / "lost+found").is_dir()


def test_the_image_says_whom_to_trust_where_it_can(tmp_path: Path) -> None:
    assert certificates(str(tmp_path)) == f"{ROOT}/{recipe.TRUST}"
    own = tmp_path / "etc/ssl/certs/ca-certificates.crt"
    own.parent.mkdir(parents=True)
    own.write_text("")
    assert certificates(str(tmp_path)) == f"{ROOT}/{recipe.TRUST}"
    own.write_text("certificate")
    assert certificates(str(tmp_path)) == str(own)


def test_inside_and_recipe_mean_the_same_place() -> None:
    assert ROOT == recipe.ROOT
