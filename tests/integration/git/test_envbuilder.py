"""The clone of a workspace that builds itself (`moorage.inside.envbuilder`), from real servers."""

from __future__ import annotations

import base64
import functools
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moorage.errors import SourceError
from moorage.git import failure
from moorage.inside.envbuilder.access import KeyUnreadable
from moorage.inside.envbuilder.cloning import FolderTaken, clone
from moorage.inside.envbuilder.options import Options
from tests.certificate import self_signed

if TYPE_CHECKING:
    from conftest import Repository

SECRET = "open sesame"


class Made:
    """Clones into one folder, and knows what was said."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder, self.environ = folder, environ
        self.said: list[str] = []

    async def clone(self, url: str, **options: object) -> str:
        found = Options(git_url=url, **options)  # type: ignore[arg-type]
        return await clone(found, str(self.folder), self.environ, self.said.append)

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, check=True).stdout

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    @property
    def branch(self) -> str:
        return self.git("branch", "--show-current").strip()


@pytest.fixture
def made(tmp_path: Path, environ: dict[str, str]) -> Made:
    return Made(tmp_path / "workspaces" / "r", environ)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither login nor key lies about afterwards."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    yield
    assert not list(place.iterdir())
    assert not list(tmp_path.glob("workspaces/*.moorage-partial"))


async def test_the_default_branch_whatever_its_name(repository: Repository, made: Made) -> None:
    repository.commit({"new": "1"}, "trunk")
    subprocess.run(
        ["git", f"--git-dir={repository.bare}", "symbolic-ref", "HEAD", "refs/heads/trunk"], check=True
    )
    assert await made.clone(repository.url, git_clone_single_branch=True) == "cloned"
    assert made.branch == "trunk"
    assert made.git("rev-parse", "--abbrev-ref", "@{upstream}").strip() == "origin/trunk"
    assert made.git("branch", "-r").split() == ["origin/HEAD", "->", "origin/trunk", "origin/trunk"]


async def test_what_follows_the_address(repository: Repository, made: Made) -> None:
    first = repository.git("rev-parse", "v1^{commit}").strip()
    pull = repository.git("rev-parse", "proposal").strip()
    repository.commit({"later": "1"})
    for wanted, branch, commit in (
        ("fix/one", "fix/one", None),
        ("refs/heads/main", "main", None),
        ("v1", "", first),
        (first, "", first),
        (first[:9], "", first),
        ("refs/pull/7/head", "", pull),
    ):
        assert await made.clone(f"{repository.url}#{wanted}") == "cloned"
        assert made.branch == branch
        assert commit in (None, made.head)
        assert made.git("status", "--porcelain") == ""
        shutil.rmtree(made.folder)


async def test_depth_and_a_single_branch_of_a_tag(repository: Repository, made: Made) -> None:
    repository.commit({"later": "1"})
    await made.clone(f"{repository.url}#v1", git_clone_depth=1, git_clone_single_branch=True)
    assert made.git("rev-list", "--count", "HEAD").strip() == "1"
    assert made.git("tag").strip() == "v1"
    assert made.git("branch", "-r") == ""


async def test_an_empty_repository(make_repository: Callable[..., Repository], made: Made) -> None:
    await made.clone(make_repository("void").url)
    assert "The repository is empty." in made.said
    assert (made.folder / ".git").is_dir()


async def test_what_is_there_stays(repository: Repository, made: Made) -> None:
    await made.clone(repository.url)
    (made.folder / "mine").write_text("1")
    assert await made.clone("https://127.0.0.1:1/other") == "kept"
    assert (made.folder / "mine").read_text() == "1"
    assert any("stays as it is" in line for line in made.said)


async def test_a_failure_does_not_block_the_next_try(repository: Repository, made: Made) -> None:
    partial = Path(f"{made.folder}.moorage-partial")
    partial.mkdir(parents=True)
    (partial / "left").write_text("by a run that was killed")
    with pytest.raises(failure.RepositoryNotFound):
        await made.clone(f"{repository.url}-none")
    assert not made.folder.exists()
    made.folder.mkdir()
    assert await made.clone(repository.url) == "cloned"
    assert not (made.folder / "left").exists()


async def test_files_of_others_are_no_place_for_a_clone(repository: Repository, made: Made) -> None:
    made.folder.mkdir(parents=True)
    (made.folder / "mine").write_text("1")
    with pytest.raises(FolderTaken):
        await made.clone(repository.url)
    assert (made.folder / "mine").read_text() == "1"


async def test_into_a_mount_and_again_where_it_was_cut_off(
    repository: Repository, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume mounted at the folder itself cannot be replaced."""
    made.folder.mkdir(parents=True)
    (made.folder / "lost+found").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: str(path) == str(made.folder))
    rename = Path.rename

    def killed(self: Path, target: Path) -> Path:
        if self.name == "big.txt":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        await made.clone(repository.url)
    assert not (made.folder / ".git").exists()
    monkeypatch.setattr(Path, "rename", rename)
    assert await made.clone(repository.url) == "cloned"
    assert made.git("status", "--porcelain") == ""
    assert sorted(os.listdir(made.folder))[:4] == [".devcontainer", ".git", "README.md", "app"]


@pytest.mark.parametrize("way", ["variables", "url", "token"])
async def test_a_login_is_used_and_not_kept(private_server: str, made: Made, way: str) -> None:
    url = f"{private_server}/repo.git"
    with pytest.raises(failure.GitLoginRequired):
        await made.clone(url)
    if way == "variables":
        await made.clone(url, git_username="ann", git_password=SECRET)
    elif way == "url":
        await made.clone(url.replace("://", "://ann:open%20sesame@"))
    else:
        await made.clone(url.replace("://", "://other@"), git_username="ann", git_password=SECRET)
    files = [path.read_bytes() for path in made.folder.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content or b"open%20" in content for content in files)
    assert made.git("config", "remote.origin.url").strip() == url
    assert not any(SECRET in line or "open%20" in line for line in made.said)


async def test_a_login_goes_to_its_own_host_only(private_server: str, made: Made) -> None:
    """A server that leads git elsewhere does not get it told there."""
    seen: list[str] = []
    elsewhere = served(seen, None)
    here = served(seen, f"http://127.0.0.1:{elsewhere.server_port}")
    try:
        url = f"http://127.0.0.1:{here.server_port}/repo.git"
        with pytest.raises(SourceError):
            await made.clone(url, git_username="ann", git_password=SECRET)
    finally:
        for server in (here, elsewhere):
            server.shutdown()
            server.server_close()
    assert seen
    assert not any(base64.b64encode(f"ann:{SECRET}".encode()).decode() in line for line in seen)


async def test_an_authority_of_ones_own(repository: Repository, made: Made, tmp_path: Path) -> None:
    """By its certificate, or without a look at any."""
    subprocess.run(["git", f"--git-dir={repository.bare}", "update-server-info"], check=True)
    folder = self_signed(tmp_path, "IP:127.0.0.1")
    handler = functools.partial(Quiet, directory=str(repository.bare.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *words: None  # type: ignore[method-assign]  # git hangs up where it distrusts
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    url = f"https://127.0.0.1:{server.server_port}/repo.git"
    try:
        with pytest.raises(failure.HostUnreachable):
            await made.clone(url)
        assert await made.clone(url, ssl_cert_base64=(folder / "tls.crt").read_bytes()) == "cloned"
        shutil.rmtree(made.folder)
        assert await made.clone(url, insecure=True) == "cloned"
    finally:
        server.shutdown()
        server.server_close()


async def test_a_proxy_is_asked(made: Made) -> None:
    """Its login is not told."""
    seen: list[str] = []
    proxy = served(seen, None)
    address = f"http://me:{SECRET.replace(' ', '%20')}@127.0.0.1:{proxy.server_port}"
    try:
        with pytest.raises(SourceError) as caught:
            await made.clone("http://repository.invalid/repo.git", git_http_proxy_url=address)
    finally:
        proxy.shutdown()
        proxy.server_close()
    assert any("Host: repository.invalid" in line for line in seen)
    assert not any("sesame" in line for line in (*made.said, *caught.value.evidence))


async def test_submodules_with_relative_addresses(
    repository: Repository, make_repository: Callable[..., Repository], made: Made, http_server: str
) -> None:
    inner = make_repository("inner")
    inner.commit({"deep.txt": "1"})
    shutil.copytree(inner.bare, repository.bare.parent / "inner.git")
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.url, "sub")
    repository.git("config", "-f", ".gitmodules", "submodule.sub.url", "../inner.git")
    repository.commit({})
    await made.clone(f"{http_server}/repo.git")
    assert (made.folder / "sub" / "deep.txt").read_text() == "1"
    shutil.rmtree(made.folder)
    await made.clone(f"{http_server}/repo.git", git_submodules=False)
    assert not list((made.folder / "sub").iterdir())
    shutil.rmtree(made.folder)
    shutil.rmtree(repository.bare.parent / "inner.git")
    assert await made.clone(f"{http_server}/repo.git") == "cloned"
    assert any("Submodules are not complete" in line for line in made.said)


async def test_a_key_that_is_not_there(made: Made) -> None:
    with pytest.raises(KeyUnreadable):
        await made.clone("git@127.0.0.1:o/r", git_ssh_private_key_path="/none")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def served(seen: list[str], location: str | None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(str(self.headers))
            self.send_response(302 if location else 401)
            if location:
                self.send_header("Location", location + self.path)
            else:
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server
