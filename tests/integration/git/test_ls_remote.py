"""ls-remote against real servers, and what each kind of failure says."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moorage.git import failure
from moorage.git.client import ResolvedRef, ls_remote
from moorage.git.process import run
from moorage.spec.source import GitSource

if TYPE_CHECKING:
    from conftest import Repository


async def resolve(url: str, environ: dict[str, str], **state: str | int) -> ResolvedRef:
    return await ls_remote(GitSource(url=url, **state), environ=environ, timeout=30)  # type: ignore[arg-type]


@pytest.mark.parametrize("server", ["file", "git_daemon", "http_server", "dumb_server"])
async def test_every_protocol(
    server: str, repository: Repository, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    url = repository.url if server == "file" else request.getfixturevalue(server) + "/repo.git"
    found = await resolve(url, environ)
    main = repository.git("rev-parse", "main").strip()
    assert found == ResolvedRef(commit=main, ref="refs/heads/main", default_branch="main")
    assert found.branch == "main"


async def test_states(repository: Repository, environ: dict[str, str]) -> None:
    def commit(name: str) -> str:
        return repository.git("rev-parse", name).strip()

    branch = await resolve(repository.url, environ, branch="fix/one")
    assert (branch.commit, branch.branch) == (commit("fix/one"), "fix/one")
    tag = await resolve(repository.url, environ, branch="v1")
    assert (tag.commit, tag.ref, tag.branch) == (commit("main"), "refs/tags/v1", None)
    pull = await resolve(repository.url, environ, pull_request=7)
    assert (pull.commit, pull.ref) == (commit("proposal"), "refs/pull/7/head")
    pinned = await resolve(repository.url, environ, commit="0" * 40)
    assert (pinned.commit, pinned.ref) == ("0" * 40, "")


async def test_the_end_of_a_branch_in_a_pasted_link_is_found(
    repository: Repository, environ: dict[str, str]
) -> None:
    found = await resolve(repository.url, environ, branch="fix", subfolder="one/app/src")
    assert (found.branch, found.subfolder) == ("fix/one", "app/src")
    plain = await resolve(repository.url, environ, branch="main", subfolder="app")
    assert (plain.branch, plain.subfolder) == ("main", "app")


async def test_what_is_missing(repository: Repository, environ: dict[str, str]) -> None:
    with pytest.raises(failure.RefNotFound, match="branch or tag 'nope'") as caught:
        await resolve(repository.url, environ, branch="nope")
    assert "'main'" in caught.value.hint
    with pytest.raises(failure.RefNotFound, match="pull request 8"):
        await resolve(repository.url, environ, pull_request=8)
    with pytest.raises(failure.RepositoryNotFound):
        await resolve(repository.url + "x", environ)


async def test_an_empty_repository(make_repository: object, environ: dict[str, str]) -> None:
    empty = make_repository("empty")  # type: ignore[operator]
    with pytest.raises(failure.RefNotFound, match="no commit yet"):
        await resolve(empty.url, environ)


@pytest.mark.parametrize("server", ["git_daemon", "http_server", "dumb_server"])
async def test_no_repository_on_a_server(
    server: str, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    with pytest.raises(failure.RepositoryNotFound, match="no repository"):
        await resolve(request.getfixturevalue(server) + "/nope.git", environ)


async def test_a_login_is_required_and_never_asked_for(private_server: str, environ: dict[str, str]) -> None:
    url = private_server + "/repo.git"
    with pytest.raises(failure.GitLoginRequired, match="needs a login") as caught:
        await resolve(url, environ)
    assert "credential helper" in caught.value.hint
    assert caught.value.evidence


async def test_the_users_credential_helper_is_used(private_server: str, environ: dict[str, str]) -> None:
    config = Path(environ["HOME"]) / ".gitconfig"
    config.write_text(
        "[credential]\n\thelper = \"!f() { echo username=ann; echo 'password=open sesame'; }; f\"\n"
    )
    assert (await resolve(private_server + "/repo.git", environ)).branch == "main"


async def test_a_wrong_password_is_a_login_that_is_required(
    private_server: str, environ: dict[str, str]
) -> None:
    config = Path(environ["HOME"]) / ".gitconfig"
    config.write_text('[credential]\n\thelper = "!f() { echo username=ann; echo password=WR0NG; }; f"\n')
    with pytest.raises(failure.GitLoginRequired) as caught:
        await resolve(private_server + "/repo.git", environ)
    assert "WR0NG" not in repr(caught.value.evidence)


async def test_hosts_that_do_not_answer(environ: dict[str, str], unused_port: int) -> None:
    with pytest.raises(failure.HostUnreachable):
        await resolve(f"http://127.0.0.1:{unused_port}/repo", environ)
    with pytest.raises(failure.HostUnreachable):
        await resolve("https://moorage.invalid/repo", environ)


async def test_git_that_is_missing(repository: Repository, environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(failure.GitMissing):
        await resolve(repository.url, {**environ, "PATH": str(tmp_path)})


async def test_the_deadline_ends_the_whole_group(silent_server: str, environ: dict[str, str]) -> None:
    with pytest.raises(failure.GitTimeout):
        await ls_remote(GitSource(url=silent_server + "/repo"), environ=environ, timeout=0.3)
    assert _left(silent_server) == []


async def test_a_cancelled_call_ends_git(silent_server: str, environ: dict[str, str]) -> None:
    url = silent_server + "/repo"
    call = asyncio.create_task(ls_remote(GitSource(url=url), environ=environ, timeout=30))
    while not _running(url):
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert _left(url) == []


@pytest.mark.parametrize("scheme", ["git", "http"])
def test_git_dies_with_a_killed_client(scheme: str, silent_server: str, environ: dict[str, str]) -> None:
    url = silent_server.replace("git:", f"{scheme}:") + "/repo"
    code = (
        "import asyncio; from moorage.git.client import ls_remote; from moorage.spec.source import GitSource;"
        f"asyncio.run(ls_remote(GitSource(url={url!r})))"
    )
    child = subprocess.Popen([sys.executable, "-c", code], env=environ)
    last = "git-remote-http" if scheme == "http" else "git ls-remote"  # all that there will be are there
    while not any(last in command for command in _running(url)):
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert _left(url) == []


async def test_an_alien_environment_does_not_point_git_elsewhere(
    repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    alien = {
        "GIT_DIR": str(tmp_path / "nowhere"),
        "GIT_TRACE": "1",
        "LANGUAGE": "de",
        "LC_ALL": "de_DE.UTF-8",
    }
    done = await run("--version", url="", timeout=10, environ={**environ, **alien})
    assert done.stderr == ()
    assert (await resolve(repository.url, {**environ, **alien})).branch == "main"


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _left(word: str) -> list[str]:
    """Those that run still, once a loaded machine had time; git's own patience with a silent server is 60."""
    deadline = time.monotonic() + 30
    while (found := _running(word)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _running(word: str) -> list[str]:
    """The command lines of living processes that hold the word."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in text:
            found.append(text)
    return found
