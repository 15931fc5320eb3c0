from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from moorage.facts.features.cache import Cache

DIGEST = "sha256:" + "a" * 64


def fill(folder: Path) -> None:
    (folder / "install.sh").write_text("echo\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "link").symlink_to("../install.sh")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_kept_as_a_whole(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.files(DIGEST) is None
    folder = cache.keep_files(DIGEST, fill)
    assert Cache(tmp_path).files(DIGEST) == folder
    assert names(tmp_path / "files") == [DIGEST.replace(":", "-")]


def test_what_was_only_begun_is_not_there(tmp_path: Path) -> None:
    def broken(folder: Path) -> None:
        fill(folder)
        raise OSError("disk full")

    cache = Cache(tmp_path)
    with pytest.raises(OSError, match="disk full"):
        cache.keep_files(DIGEST, broken)
    assert cache.files(DIGEST) is None
    assert names(tmp_path / "files") == []


def test_many_at_once_end_with_one_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: Cache(tmp_path).keep_files(DIGEST, fill), range(24)))
    assert len(set(folders)) == 1
    assert names(tmp_path / "files") == [DIGEST.replace(":", "-")]


@pytest.mark.parametrize("what", ["changed", "removed", "added", "mode", "mark"])
def test_a_damaged_folder_counts_as_missing_and_is_replaced(tmp_path: Path, what: str) -> None:
    cache = Cache(tmp_path)
    folder = cache.keep_files(DIGEST, fill)
    match what:
        case "changed":
            (folder / "install.sh").write_text("evil\n")
        case "removed":
            (folder / "install.sh").unlink()
        case "added":
            (folder / "more").write_text("")
        case "mode":
            (folder / "install.sh").chmod(0o755)
        case _:
            (folder.parent / "tree").unlink()
    assert cache.files(DIGEST) is None
    again = cache.keep_files(DIGEST, fill)
    assert cache.files(DIGEST) == again
    assert (again / "install.sh").read_text() == "echo\n"


def test_a_manifest_is_checked_when_it_is_read(tmp_path: Path) -> None:
    digest = f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    cache = Cache(tmp_path)
    cache.keep_manifest(digest, b"{}")
    assert Cache(tmp_path).manifest(digest) == b"{}"
    (tmp_path / "manifests" / digest.replace(":", "-")).write_bytes(b"[]")
    assert cache.manifest(digest) is None


def test_a_cache_that_cannot_be_written_does_not_matter_for_manifests(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Cache(tmp_path / "file").keep_manifest(DIGEST, b"{}")
    assert Cache(tmp_path / "file").manifest(DIGEST) is None


def test_what_a_killed_run_left_is_removed_after_a_day(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.keep_files(DIGEST, fill)
    old, young = tmp_path / "files" / ".archive-old", tmp_path / "files" / ".archive-young"
    for path in (old, young):
        path.write_text("")
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    cache.scratch()
    assert not old.exists()
    assert young.exists()
    assert cache.files(DIGEST)
