"""Real repositories behind real servers: file://, git daemon, git http-backend with and without a login."""

from __future__ import annotations

import base64
import http.server
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ENVIRON = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What git of the user sees: an empty home, no system configuration, no prompt."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n")
    return {**ENVIRON, "HOME": str(home)}


class Repository:
    """A work tree `work` and the bare repository `bare` that it is pushed to."""

    def __init__(self, folder: Path, environ: dict[str, str], *, object_format: str = "sha1") -> None:
        self.environ = environ
        self.work, self.bare = folder / "work", folder / "srv" / "repo.git"
        self.bare.parent.mkdir(parents=True)
        self._run("git", "init", "-q", "-b", "main", f"--object-format={object_format}", str(self.work))
        self._run(
            "git", "init", "-q", "-b", "main", f"--object-format={object_format}", "--bare", str(self.bare)
        )
        for name in ("uploadpack.allowFilter", "http.getanyfile"):
            self._run("git", f"--git-dir={self.bare}", "config", name, "true")
        (self.bare / "git-daemon-export-ok").touch()
        self.git("remote", "add", "origin", str(self.bare))

    def git(self, *arguments: str) -> str:
        return self._run("git", "-C", str(self.work), *arguments)

    def commit(self, files: dict[str, str], branch: str = "main", *, push: str = "") -> str:
        """Write files, commit them and push the branch, or to the full ref `push`; gives the commit."""
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if self.git("branch", "--show-current").strip() != branch:
            self.git("checkout", "-q", "-B", branch)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        self.git("push", "-q", "-f", "origin", f"HEAD:{push or 'refs/heads/' + branch}")
        return self.git("rev-parse", "HEAD").strip()

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    def _run(self, *argv: str) -> str:
        done = subprocess.run(argv, env=self.environ, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def make_repository(tmp_path: Path, environ: dict[str, str]) -> Callable[..., Repository]:
    def make(name: str = "repo", **options: str) -> Repository:
        return Repository(tmp_path / name, environ, **options)

    return make


@pytest.fixture
def repository(make_repository: Callable[..., Repository]) -> Repository:
    """main: README, .devcontainer, app/; branch fix/one; tag v1; pull request 7."""
    made = make_repository()
    made.commit(
        {
            "README.md": "hello\n",
            ".devcontainer/devcontainer.json": '{"image": "debian"}\n',
            "app/Dockerfile": "FROM debian\n",
            "app/run.sh": "#!/bin/sh\n",
            "big.txt": "large\n" * 1000,
        }
    )
    made.git("tag", "-a", "v1", "-m", "first")
    made.git("push", "-q", "origin", "v1")
    made.commit({"fix.txt": "fixed\n"}, "fix/one")
    made.git("checkout", "-q", "main")
    made.git("checkout", "-q", "-b", "proposal")
    made.commit({"proposal.txt": "new\n"}, "proposal", push="refs/pull/7/head")
    made.git("checkout", "-q", "main")
    return made


@pytest.fixture
def git_daemon(repository: Repository) -> Iterator[str]:
    """The base of git:// URLs for the folder that holds `repo.git`."""
    port = _free_port()
    base = repository.bare.parent
    argv = [
        "git",
        "daemon",
        "--listen=127.0.0.1",
        f"--port={port}",
        f"--base-path={base}",
        "--reuseaddr",
        str(base),
    ]
    child = subprocess.Popen(argv, env=repository.environ, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait_for(port)
        yield f"git://127.0.0.1:{port}"
    finally:
        os.killpg(child.pid, 15)
        child.wait()


@pytest.fixture
def http_server(repository: Repository) -> Iterator[str]:
    yield from served(repository.bare.parent, repository.environ, _Smart)


@pytest.fixture
def private_server(repository: Repository) -> Iterator[str]:
    """Wants ann's password `open sesame`."""
    yield from served(repository.bare.parent, repository.environ, Private)


@pytest.fixture
def dumb_server(repository: Repository) -> Iterator[str]:
    subprocess.run(
        ["git", f"--git-dir={repository.bare}", "update-server-info"], env=repository.environ, check=True
    )
    yield from served(repository.bare.parent, repository.environ, _Dumb)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"git://127.0.0.1:{listener.getsockname()[1]}"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    root: Path
    environ: dict[str, str]


class _Smart(http.server.BaseHTTPRequestHandler):
    """The CGI face of git http-backend, as far as git uses it."""

    server: _Server
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environ = {
            **self.server.environ,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], env=environ, input=body, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Private(_Smart):
    """Knows one login."""

    expected = "Basic " + base64.b64encode(b"ann:open sesame").decode()

    def _answer(self, body: bytes) -> None:
        if self.headers.get("Authorization") == self.expected:
            return super()._answer(body)
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()
        return None


class _Dumb(http.server.SimpleHTTPRequestHandler):
    server: _Server

    def translate_path(self, path: str) -> str:
        return str(self.server.root / path.partition("?")[0].lstrip("/"))

    def log_message(self, format: str, *args: object) -> None:
        pass


def served(
    root: Path, environ: dict[str, str], handler: type[http.server.BaseHTTPRequestHandler]
) -> Iterator[str]:
    """The address of a server for the repositories below `root`."""
    server = _Server(("127.0.0.1", 0), handler)
    server.root, server.environ = root, environ
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError("the server did not start")
