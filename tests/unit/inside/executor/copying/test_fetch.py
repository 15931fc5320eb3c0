"""Downloads: names, times, checksums, limits, and that nothing is left."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from moorage.inside.executor.copying.errors import CopyWrong, FetchedOther, FetchFailed
from moorage.inside.executor.copying.face import Wanted
from moorage.inside.executor.copying.fetch import Fetcher, file_name, modified
from moorage.inside.executor.copying.git import environment
from moorage.inside.executor.copying.repository import parse

SUM = f"sha256:{hashlib.sha256(b'content').hexdigest()}"


@pytest.fixture
def url(httpserver: HTTPServer) -> str:
    headers = {"Last-Modified": "Sun, 09 Sep 2001 01:46:40 GMT"}
    httpserver.expect_request("/a/file").respond_with_data(b"content", headers=headers)
    httpserver.expect_request("/none").respond_with_data(b"", status=404)
    return httpserver.url_for("/a/file")


async def test_a_file_is_there_while_it_is_needed(url: str, tmp_path: Path) -> None:
    with Fetcher(str(tmp_path)) as fetch:
        async with fetch(Wanted(address=url, checksum=SUM)) as fetched:
            path = Path(fetched.folder, fetched.name)
            assert (path.name, path.read_bytes()) == ("file", b"content")
            assert (path.stat().st_mode & 0o7777, path.stat().st_mtime) == (0o600, 1_000_000_000)
        assert not path.exists()
    assert list(tmp_path.iterdir()) == []


async def test_another_file_is_refused(url: str, tmp_path: Path) -> None:
    with Fetcher(str(tmp_path)) as fetch, pytest.raises(FetchedOther) as caught:
        async with fetch(Wanted(address=url, checksum=f"sha256:{'0' * 64}")):
            pass
    assert f"received {SUM}" in caught.value.evidence
    assert list(tmp_path.iterdir()) == []


async def test_what_cannot_be_had(url: str, tmp_path: Path) -> None:
    for address in (url.replace("/a/file", "/none"), "http://127.0.0.1:1/x", "http://", f"{url}{'x' * 300}"):
        with Fetcher(str(tmp_path)) as fetch, pytest.raises(FetchFailed):
            async with fetch(Wanted(address=address)):
                pass


async def test_a_login_is_not_shown(tmp_path: Path) -> None:
    with Fetcher(str(tmp_path)) as fetch, pytest.raises(FetchFailed) as caught:
        async with fetch(Wanted(address="http://somebody:hidden@127.0.0.1:1/x?token=hidden")):
            pass
    assert "hidden" not in f"{caught.value} {caught.value.evidence}"


async def test_a_file_is_not_endless(url: str, tmp_path: Path) -> None:
    with Fetcher(str(tmp_path), most=6) as fetch, pytest.raises(FetchFailed, match="more than 6 bytes"):
        async with fetch(Wanted(address=url)):
            pass


async def test_a_checksum_that_is_none(url: str, tmp_path: Path) -> None:
    for checksum in ("sha256:12", "md5:d41d8cd98f00b204e9800998ecf8427e", "nonsense", "sha256:"):
        with Fetcher(str(tmp_path)) as fetch, pytest.raises(CopyWrong):
            async with fetch(Wanted(address=url, checksum=checksum)):
                pass


@given(st.text())
def test_a_name_stays_in_its_folder(path: str) -> None:
    name = file_name(f"http://host/{path}")
    assert name
    assert name not in (".", "..")
    assert not {"/", "\0"}.intersection(name)


@given(st.text(max_size=40))
def test_a_time_is_none_where_it_means_nothing(header: str) -> None:
    assert isinstance(modified(header), float | int)


def test_what_an_address_of_a_repository_means() -> None:
    found = parse(Wanted(address="https://host/a.git#v1:../b/./c", keep_git_dir=True))
    assert (found.url, found.ref, found.folder, found.keep_git_dir) == (
        "https://host/a.git",
        "v1",
        "b/c",
        True,
    )
    found = parse(Wanted(address="https://host/a.git?tag=v1&subdir=b&checksum=12&submodules=false"))
    assert (found.ref, found.source.branch, found.folder) == ("refs/tags/v1", "v1", "b")
    assert (found.checksum, found.submodules) == ("12", False)
    commit = "0123456789" * 4
    assert parse(Wanted(address=f"git@host:a/b.git#{commit}")).source.commit == commit
    with pytest.raises(CopyWrong):
        parse(Wanted(address="https://host/a.git?what=1"))


def test_git_gets_to_know_nothing_of_what_the_builder_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_TOKEN", "hidden")
    monkeypatch.setenv("GIT_ASKPASS", "/image/program")
    monkeypatch.setenv("https_proxy", "http://proxy")
    found = environment()
    assert "hidden" not in found.values()
    assert (found["GIT_ASKPASS"], found["GIT_CONFIG_GLOBAL"]) == ("", "/dev/null")
    assert found["https_proxy"] == "http://proxy"


def test_no_folder_is_left_where_nothing_was_fetched(tmp_path: Path) -> None:
    with Fetcher(str(tmp_path)):
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == []
