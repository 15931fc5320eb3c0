"""Reading repositories before they are cloned, from servers of every ability."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moorage.git import cache, failure, store
from moorage.git.cache import Checkout, FileNotInRepository
from moorage.git.client import ls_remote
from moorage.git.materialise import materialise
from moorage.spec.source import GitSource

if TYPE_CHECKING:
    from conftest import Repository

CONFIGURATION = ".devcontainer/devcontainer.json"


async def fetch(url: str, folder: Path, environ: dict[str, str], **state: str | int) -> Checkout:
    source = GitSource(url=url, **state)  # type: ignore[arg-type]
    resolved = await ls_remote(source, environ=environ)
    return await cache.fetch(source, str(folder), resolved=resolved, environ=environ, timeout=60)


@pytest.mark.parametrize("server", ["file", "git_daemon", "http_server"])
async def test_only_what_is_read_is_fetched(
    server: str,
    repository: Repository,
    environ: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    url = repository.url if server == "file" else request.getfixturevalue(server) + "/repo.git"
    found = await fetch(url, tmp_path / "cache", environ)
    assert found.notes == ()
    assert found.commit == repository.git("rev-parse", "main").strip()
    assert list(found.files) == [CONFIGURATION, "README.md", "app/Dockerfile", "app/run.sh", "big.txt"]
    have = await store._objects(found.store)
    assert found.files[CONFIGURATION].object in have
    assert found.files["big.txt"].object not in have
    assert await found.read("big.txt") == b"large\n" * 1000
    assert found.files["README.md"].object not in await store._objects(found.store)


async def test_a_server_without_partial_clones_is_told_of(
    repository: Repository, environ: dict[str, str], tmp_path: Path, http_server: str
) -> None:
    config = ["git", f"--git-dir={repository.bare}", "config", "uploadpack.allowFilter", "false"]
    subprocess.run(config, check=True)
    found = await fetch(http_server + "/repo.git", tmp_path / "cache", environ)
    assert found.notes == (store.NO_FILTER,)
    assert await found.read("README.md") == b"hello\n"


async def test_a_dumb_server_is_told_of(
    dumb_server: str, repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    found = await fetch(dumb_server + "/repo.git", tmp_path / "cache", environ)
    assert found.notes == (store.NO_SHALLOW,)
    assert await found.read("README.md") == b"hello\n"


@pytest.mark.parametrize(
    ("state", "file"),
    [
        ({"branch": "fix/one"}, "fix.txt"),
        ({"branch": "v1"}, "README.md"),
        ({"pull_request": 7}, "proposal.txt"),
        ({"branch": "fix", "subfolder": "one"}, "fix.txt"),
    ],
)
async def test_states(
    state: dict[str, str | int], file: str, repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    found = await fetch(repository.url, tmp_path / "cache", environ, **state)
    assert file in found
    assert await found.read(file)


async def test_a_commit_that_no_branch_shows_any_more(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    old = repository.git("rev-parse", "main").strip()
    repository.commit({"later.txt": "x\n"})
    found = await fetch(repository.url, tmp_path / "cache", environ, commit=old)
    assert "later.txt" not in found
    with pytest.raises(failure.RefNotFound, match="commit 0000"):
        await fetch(repository.url, tmp_path / "cache", environ, commit="0" * 40)


async def test_an_unchanged_commit_is_not_fetched_again(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    source = GitSource(url=repository.url)
    resolved = await ls_remote(source, environ=environ)
    folder = str(tmp_path / "cache")
    await cache.fetch(source, folder, resolved=resolved, environ=environ)
    shutil.rmtree(repository.bare)
    again = await cache.fetch(source, folder, resolved=resolved, environ=environ)
    assert await again.read(CONFIGURATION) == b'{"image": "debian"}\n'


async def test_the_cache_may_vanish_or_break_at_any_time(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    found = await fetch(repository.url, folder, environ)
    shutil.rmtree(folder)
    assert await found.read("README.md") == b"hello\n"
    (Path(found.store.folder) / "config").write_text("[broken")
    again = await fetch(repository.url, folder, environ)
    assert await again.read("README.md") == b"hello\n"
    Path(found.store.folder, "HEAD").unlink()
    assert await (await fetch(repository.url, folder, environ)).read("README.md") == b"hello\n"


async def test_many_at_once(repository: Repository, environ: dict[str, str], tmp_path: Path) -> None:
    states: list[dict[str, str | int]] = [{}, {"branch": "fix/one"}, {"pull_request": 7}, {"branch": "v1"}]
    found = await asyncio.gather(
        *(fetch(repository.url, tmp_path / "cache", environ, **s) for s in states * 2)
    )
    assert [await one.read("README.md") for one in found] == [b"hello\n"] * 8


async def test_a_lock_that_is_held_has_a_deadline(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    found = await fetch(repository.url, tmp_path / "cache", environ)
    hurried = store.Store(folder=found.store.folder, url=repository.url, timeout=0.01)
    async with store.locked(found.store):
        with pytest.raises(failure.GitTimeout):
            async with store.locked(hurried):
                raise AssertionError("locked twice")


async def test_links_are_followed_inside_the_repository_only(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    work = repository.work
    for name, target in {
        "a.json": ".devcontainer/devcontainer.json",
        "conf": ".devcontainer",
        "app/up": "../conf/devcontainer.json",
        "out": "/etc/passwd",
        "above": "../../etc/passwd",
        "loop": "loop",
    }.items():
        (work / name).symlink_to(target)
    repository.commit({})
    found = await fetch(repository.url, tmp_path / "cache", environ)
    for name in ("a.json", "conf/devcontainer.json", "app/up"):
        assert await found.read(name) == b'{"image": "debian"}\n'
    for name in ("out", "above", "loop", "nope", "app", "app/Dockerfile/x", "", "../README.md"):
        with pytest.raises(FileNotInRepository):
            await found.read(name)


async def test_materialise_writes_what_is_asked(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    (repository.work / "app/run.sh").chmod(0o755)
    (repository.work / "app/link").symlink_to("run.sh")
    repository.commit({".gitattributes": "*.bat text eol=crlf\n", "app/x.bat": "a\n", "café ü.txt": "u\n"})
    found = await fetch(repository.url, tmp_path / "cache", environ)
    into = Path(await materialise(found, ["app", "café ü.txt"], str(tmp_path / "context")))
    files = sorted(str(path.relative_to(into)) for path in into.rglob("*") if not path.is_dir())
    assert files == ["app/Dockerfile", "app/link", "app/run.sh", "app/x.bat", "café ü.txt"]
    assert os.access(into / "app/run.sh", os.X_OK)
    assert not os.access(into / "app/Dockerfile", os.X_OK)
    assert (into / "app/link").readlink() == Path("run.sh")
    assert (into / "app/x.bat").read_bytes() == b"a\r\n"
    everything = Path(await materialise(found, None, str(tmp_path / "all")))
    assert (everything / "big.txt").exists()
    assert sorted(tmp_path.glob("*.moorage-partial")) == []
    assert [path.name for path in (tmp_path / "cache").iterdir() if ".index" in path.name] == []
    with pytest.raises(FileExistsError):
        await materialise(found, None, str(into))


async def test_names_that_leave_the_folder_are_refused(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    blob = repository.git("rev-parse", "main:README.md").strip()
    inner = _tree(repository, f"100644 blob {blob}\tevil\n")
    outer = _tree(repository, f"040000 tree {inner}\t..\n")
    commit = repository.git("commit-tree", "-m", "evil", outer).strip()
    repository.git("push", "-q", "origin", f"{commit}:refs/heads/evil")
    found = await fetch(repository.url, tmp_path / "cache", environ, branch="evil")
    with pytest.raises(failure.GitFailed):
        await materialise(found, None, str(tmp_path / "deep" / "context"))
    assert not (tmp_path / "deep" / "evil").exists()
    assert not (tmp_path / "deep" / "context").exists()


async def test_lfs_that_is_asked_for_needs_git_lfs(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n"
    repository.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "x.bin": pointer})
    found = await fetch(repository.url, tmp_path / "cache", environ)
    if shutil.which("git-lfs") is None:
        with pytest.raises(failure.LfsMissing, match="git-lfs is not installed"):
            await materialise(found, None, str(tmp_path / "lfs"), lfs=True)
    plain = await materialise(found, None, str(tmp_path / "plain"))
    assert (Path(plain) / "x.bin").read_text() == pointer


async def test_sha256_repositories(
    make_repository: Callable[..., Repository], environ: dict[str, str], tmp_path: Path
) -> None:
    made = make_repository("new", object_format="sha256")
    made.commit({"README.md": "hello\n"})
    found = await fetch(made.url, tmp_path / "cache", environ)
    assert len(found.commit) == 64
    assert await found.read("README.md") == b"hello\n"


def _tree(repository: Repository, lines: str) -> str:
    argv = ["git", "-C", str(repository.work), "mktree"]
    done = subprocess.run(
        argv, input=lines, text=True, capture_output=True, check=True, env=repository.environ
    )
    return done.stdout.strip()


async def test_submodules_only_when_asked(
    make_repository: Callable[..., Repository],
    repository: Repository,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    inner = make_repository("inner")
    inner.commit({"inner.txt": "x\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.url, "deps/inner")
    repository.commit({})
    found = await fetch(repository.url, tmp_path / "cache", environ)
    without = Path(await materialise(found, ["deps"], str(tmp_path / "without")))
    assert list((without / "deps/inner").iterdir()) == []
    whole = Path(await materialise(found, ["deps"], str(tmp_path / "whole"), submodules=True))
    assert (whole / "deps/inner/inner.txt").read_text() == "x\n"
