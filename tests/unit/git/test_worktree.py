"""The repository of a folder, found without git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from moorage.git import worktree


@pytest.fixture
def main(tmp_path: Path) -> Path:
    folder = tmp_path / "main with space"
    _git("init", "-q", "-b", "main", str(folder))
    _git(
        "-C",
        str(folder),
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    )
    return folder


def test_the_root_is_found_from_below(main: Path) -> None:
    below = main / "a" / "b"
    below.mkdir(parents=True)
    assert worktree.root(str(main)) == worktree.root(str(below)) == str(main)
    assert worktree.common_dir(str(below)) is None


def test_no_repository(tmp_path: Path) -> None:
    assert worktree.find(str(tmp_path)) is None
    assert worktree.find(str(tmp_path / "gone")) is None


def test_a_linked_worktree_names_the_main_repository(main: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    _git("-C", str(main), "worktree", "add", "-q", str(linked))
    found = worktree.find(str(linked))
    assert found == worktree.Worktree(
        root=str(linked), git_dir=str(main / ".git/worktrees/linked"), common_dir=str(main / ".git")
    )


def test_a_submodule_is_a_root_of_its_own(main: Path) -> None:
    modules, inner = main / ".git" / "modules" / "inner", main / "inner"
    modules.parent.mkdir()
    _git("init", "-q", f"--separate-git-dir={modules}", str(inner))
    assert worktree.root(str(inner)) == str(inner)
    assert worktree.common_dir(str(inner)) is None


@pytest.mark.parametrize("content", [b"", b"gitdir: /nowhere", b"\xff\xfe", b"gitdir: \0", b"something else"])
def test_a_broken_entry_is_no_repository(main: Path, content: bytes) -> None:
    inner = main / "inner"
    inner.mkdir()
    (inner / ".git").write_bytes(content)
    assert worktree.root(str(inner)) == str(main)


def test_odd_entries_are_no_repository(main: Path) -> None:
    for name, make in {"empty": Path.mkdir, "pipe": os.mkfifo}.items():
        (main / name).mkdir()
        make(main / name / ".git")
        assert worktree.root(str(main / name)) == str(main)


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)
