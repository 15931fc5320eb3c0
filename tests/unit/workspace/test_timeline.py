"""The failures that `why` remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.errors import ImageError, MoorageError
from moorage.events import Redacting, Silent
from moorage.planner.request import Host, Request
from moorage.spec.source import LocalFolder
from moorage.workspace import timeline


def request(path: str = "/a/project") -> Request:
    return Request(source=LocalFolder(path=path), host=Host(owner="ada"))


def remember(
    cache: Path, error: MoorageError, path: str = "/a/project", secrets: tuple[str, ...] = ()
) -> None:
    timeline.remember(cache, request(path), error, Redacting(Silent(), secrets))


def test_what_is_remembered_is_found_by_workspace_and_by_source(tmp_path: Path) -> None:
    remember(tmp_path, ImageError("The build failed.", evidence=("line 3",), hint="Look at it."))
    found = timeline.last(timeline.recent(tmp_path), workspace=request().workspace)
    assert found is not None
    assert (found.code, found.message, found.evidence, found.hint) == (
        "image",
        "The build failed.",
        ("line 3",),
        "Look at it.",
    )
    assert timeline.last(timeline.recent(tmp_path), source="folder:/a/project") == found
    assert timeline.last(timeline.recent(tmp_path), source="folder:/a/other") is None
    assert timeline.last(timeline.recent(tmp_path)) == found


def test_the_newest_counts_and_only_the_last_are_kept(tmp_path: Path) -> None:
    for number in range(30):
        remember(tmp_path, MoorageError(f"Failure {number}."))
    found = timeline.recent(tmp_path)
    assert len(found) == 20
    assert found[-1].message == "Failure 29."
    assert timeline.last(found) == found[-1]


def test_no_secret_is_kept(tmp_path: Path) -> None:
    error = MoorageError("It said hunter22.", evidence=("token hunter22",), hint="Try hunter22.")
    remember(tmp_path, error, secrets=("hunter22",))
    assert b"hunter22" not in (tmp_path / "timeline.json").read_bytes()


def test_it_is_readable_to_its_owner_alone(tmp_path: Path) -> None:
    remember(tmp_path, MoorageError("x"))
    assert (tmp_path / "timeline.json").stat().st_mode & 0o077 == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["timeline.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'[{"time": "never"}]', b"null"])
def test_a_broken_file_counts_as_none_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "timeline.json").write_bytes(content)
    assert timeline.recent(tmp_path) == ()
    remember(tmp_path, MoorageError("x"))
    assert len(timeline.recent(tmp_path)) == 1


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    remember(file / "below", MoorageError("x"))
    assert timeline.recent(file / "below") == ()


def test_an_error_with_odd_bytes_is_no_error_of_its_own(tmp_path: Path) -> None:
    remember(tmp_path, MoorageError("name \udcff"))
    assert isinstance(timeline.recent(tmp_path), tuple)
