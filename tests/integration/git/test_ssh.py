"""A private repository over ssh, with an agent, against a real sshd (skipped where there is none)."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moorage.git import access, failure
from moorage.git.client import ls_remote
from moorage.git.clone import AGENT_SOCKET, clone_program
from moorage.inside.envbuilder.cloning import clone
from moorage.inside.envbuilder.options import Options
from moorage.spec.source import GitSource

if TYPE_CHECKING:
    from conftest import Repository

SSHD = shutil.which("sshd")
USABLE = SSHD is not None and (os.geteuid() != 0 or Path("/run/sshd").is_dir())
pytestmark = pytest.mark.skipif(not USABLE, reason="no sshd that could run here")


class Server:
    """An sshd that knows one key, an agent that holds it, and a client's configuration."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder, self.environ = folder, environ
        self.port = _free_port()
        for name in ("host", "user"):
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        key = " ".join((folder / "host.pub").read_text().split()[:2])
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {key}\n")
        (folder / "config").write_text(
            f"Host forge\n HostName 127.0.0.1\n Port {self.port}\n User {getpass.getuser()}\n"
            f"Host *\n UserKnownHostsFile {folder}/known\n GlobalKnownHostsFile /dev/null\n"
            " IdentityFile none\n"
        )
        (folder / "sshd").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nUsePAM no\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\n"
            "PasswordAuthentication no\nPermitRootLogin yes\n"
        )
        self.client = {
            **environ,
            "GIT_SSH_COMMAND": f"ssh -F {folder}/config",
            "SSH_AUTH_SOCK": str(folder / "agent"),
        }

    def run(self, *argv: str) -> None:
        subprocess.run(argv, env=self.environ, check=True, capture_output=True)


@pytest.fixture
def server(tmp_path: Path, environ: dict[str, str]) -> Iterator[Server]:
    folder = tmp_path / "ssh"
    folder.mkdir()
    made = Server(folder, environ)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(folder / "agent")], stdout=subprocess.DEVNULL)
    sshd = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(folder / "sshd")], stderr=subprocess.DEVNULL)
    try:
        _wait_for(lambda: (folder / "agent").exists())
        _wait_for(lambda: _answers(made.port))
        subprocess.run(["ssh-add", "-q", str(folder / "user")], env=made.client, check=True)
        yield made
    finally:
        for child in (sshd, agent):
            child.terminate()
            child.wait()


async def test_with_the_users_alias_and_agent(server: Server, repository: Repository, tmp_path: Path) -> None:
    source = GitSource(url=f"forge:{repository.bare}", branch="fix/one")
    resolved = await ls_remote(source, environ=server.client)
    reach = await access.find(source, environ=server.client)
    assert (reach.ssh_agent, reach.loopback) == (server.client["SSH_AUTH_SOCK"], True)
    program = clone_program(source, resolved, reach, directory=str(tmp_path / "ws" / "repo"))
    assert program.needs_ssh_agent
    environment = dict(program.environment)
    assert environment["SSH_AUTH_SOCK"] == AGENT_SOCKET
    inside = {"PATH": server.environ["PATH"], **environment, "SSH_AUTH_SOCK": server.client["SSH_AUTH_SOCK"]}
    done = subprocess.run(program.argv, env=inside, input=program.stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "ws/repo/fix.txt").exists()


async def test_an_unknown_host_is_not_trusted(server: Server, repository: Repository) -> None:
    (server.folder / "known").write_text("")
    with pytest.raises(failure.HostUnverified, match="not known"):
        await ls_remote(GitSource(url=f"forge:{repository.bare}"), environ=server.client)


async def test_without_a_key_a_login_is_required(server: Server, repository: Repository) -> None:
    subprocess.run(["ssh-add", "-q", "-D"], env=server.client, check=True, capture_output=True)
    with pytest.raises(failure.GitLoginRequired) as caught:
        await ls_remote(GitSource(url=f"forge:{repository.bare}"), environ=server.client)
    assert "ssh-add" in caught.value.hint


async def test_no_repository(server: Server, repository: Repository) -> None:
    with pytest.raises(failure.RepositoryNotFound):
        await ls_remote(GitSource(url=f"ssh://forge{repository.bare}x"), environ=server.client)


async def test_the_clone_of_envbuilder_with_a_key(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    """By its text or its path; hosts as in the peer: told where none are given, checked where they are."""
    key, told = server.folder / "user", list[str]()
    address = f"ssh://127.0.0.1:{server.port}{repository.bare}"
    options = Options(
        git_url=address, git_username=getpass.getuser(), git_ssh_private_key_base64=key.read_bytes()
    )
    assert await clone(options, str(tmp_path / "text"), server.environ, told.append) == "cloned"
    assert any("Permanently added" in line for line in told)
    assert (tmp_path / "text" / "README.md").exists()
    by_path = Options(git_url=address, git_username=getpass.getuser(), git_ssh_private_key_path=str(key))
    known = {**server.environ, "SSH_KNOWN_HOSTS": str(server.folder / "known")}
    assert await clone(by_path, str(tmp_path / "path"), known, told.append) == "cloned"
    (server.folder / "known").write_text("")
    with pytest.raises(failure.HostUnverified):
        await clone(by_path, str(tmp_path / "unknown"), known, told.append)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def _wait_for(done: object) -> None:
    for _ in range(500):
        if done():  # type: ignore[operator]
            return
        time.sleep(0.01)
    raise AssertionError("the server did not start")
