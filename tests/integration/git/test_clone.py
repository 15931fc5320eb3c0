"""The clone program, run by real shells in a temporary folder against real servers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moorage.git import access, cache, failure
from moorage.git.client import ls_remote
from moorage.git.clone import CloneProgram, clone_program, failed
from moorage.git.materialise import materialise
from moorage.spec.source import GitSource

if TYPE_CHECKING:
    from conftest import Repository

SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"], "bash": ["bash", "--posix"]}
HELPER = "[credential]\n\thelper = \"!f() { echo username=ann; echo 'password=open sesame'; }; f\"\n"


class Cloner:
    """Prepares on the "host" and runs the program with nothing of the host's home."""

    def __init__(self, folder: Path, environ: dict[str, str], shell: str = "dash") -> None:
        self.directory, self.environ, self.shell = folder / "workspaces" / "my repo", environ, shell
        self.own = {"PATH": environ["PATH"], "TMPDIR": str(folder)}

    async def program(
        self, url: str, options: dict[str, object] | None = None, **state: str | int
    ) -> CloneProgram:
        source = GitSource(url=url, **state)  # type: ignore[arg-type]
        resolved = await ls_remote(source, environ=self.environ)
        reach = await access.find(source, environ=self.environ)
        return clone_program(source, resolved, reach, directory=str(self.directory), **(options or {}))  # type: ignore[arg-type]

    def run(self, program: CloneProgram, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*SHELLS[self.shell], *program.argv[1:]],
            env={**self.own, **dict(program.environment)},
            input=program.stdin if stdin is None else stdin,
            capture_output=True,
            check=False,
        )

    async def clone(self, url: str, options: dict[str, object] | None = None, **state: str | int) -> str:
        done = self.run(await self.program(url, options, **state))
        assert done.returncode == 0, done.stderr.decode()
        return done.stderr.decode()

    def git(self, *arguments: str) -> str:
        argv = ["git", "-C", str(self.directory), *arguments]
        return subprocess.run(
            argv, env=self.environ, text=True, capture_output=True, check=True
        ).stdout.strip()


@pytest.fixture
def cloner(tmp_path: Path, environ: dict[str, str]) -> Cloner:
    return Cloner(tmp_path, environ)


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_branch_ends_on_its_name_and_follows_origin(
    shell: str, repository: Repository, environ: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which(SHELLS[shell][0]) is None:
        pytest.skip(f"no {shell} here")
    cloner = Cloner(tmp_path, environ, shell)
    program = await cloner.program(repository.url, branch="fix/one")
    repository.git("checkout", "-q", "fix/one")
    repository.commit({"later.txt": "x\n"}, "fix/one")
    done = cloner.run(program)
    assert done.returncode == 0, done.stderr.decode()
    assert cloner.git("branch", "--show-current") == "fix/one"
    assert cloner.git("rev-parse", "HEAD") == repository.git("rev-parse", "fix/one~1").strip()
    assert cloner.git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/fix/one"
    assert cloner.git("status", "--porcelain") == ""
    assert cloner.git("rev-parse", "--abbrev-ref", "origin/HEAD") == "origin/main"
    assert cloner.git("log", "-1", "--format=%s", "origin/main") == "change"
    assert cloner.git("tag") == "v1"
    assert sorted(path.name for path in cloner.directory.parent.iterdir()) == ["my repo"]
    assert [path for path in tmp_path.iterdir() if path.name.startswith("tmp.")] == []


@pytest.mark.parametrize("server", ["git_daemon", "http_server", "dumb_server"])
async def test_every_protocol(server: str, cloner: Cloner, request: pytest.FixtureRequest) -> None:
    program = await cloner.program(request.getfixturevalue(server) + "/repo.git")
    assert program.needs_host_network
    assert not program.needs_ssh_agent
    assert cloner.run(program).returncode == 0
    assert cloner.git("branch", "--show-current") == "main"


async def test_a_commit_is_detached(repository: Repository, cloner: Cloner) -> None:
    old = repository.git("rev-parse", "main").strip()
    repository.commit({"later.txt": "x\n"})
    await cloner.clone(repository.url, commit=old)
    assert cloner.git("rev-parse", "HEAD") == old
    assert cloner.git("branch", "--show-current") == ""


async def test_a_tag_is_detached(repository: Repository, cloner: Cloner) -> None:
    await cloner.clone(repository.url, branch="v1")
    assert cloner.git("describe", "--tags") == "v1"
    assert cloner.git("branch", "--show-current") == ""


async def test_a_pull_request_gets_a_branch_that_can_be_pulled(
    repository: Repository, cloner: Cloner
) -> None:
    await cloner.clone(repository.url, pull_request=7)
    assert cloner.git("branch", "--show-current") == "pr-7"
    assert (cloner.directory / "proposal.txt").exists()
    repository.git("checkout", "-q", "proposal")
    repository.commit({"more.txt": "x\n"}, "proposal", push="refs/pull/7/head")
    cloner.git("pull", "-q", "--ff-only")
    assert (cloner.directory / "more.txt").exists()


async def test_plain_files_have_no_filter(cloner: Cloner, dumb_server: str) -> None:
    """git would start itself for each object that it takes for one to be had later, without end."""
    program = await cloner.program(dumb_server + "/repo.git", {"partial": True})
    assert cloner.run(program).returncode == 0
    assert cloner.git("status", "--porcelain") == ""
    assert "partialclonefilter" not in cloner.git("config", "--list").lower()


async def test_a_partial_clone(repository: Repository, cloner: Cloner, http_server: str) -> None:
    repository.commit({"big.txt": "small now\n"})
    await cloner.clone(http_server + "/repo.git", {"partial": True})
    old = repository.git("rev-parse", "main~1:big.txt").strip()
    have = cloner.git("cat-file", "--batch-check=%(objectname)", "--batch-all-objects").split()
    assert old not in have
    assert cloner.git("cat-file", "blob", old).startswith("large")
    assert cloner.git("config", "remote.origin.promisor") == "true"


async def test_a_sha256_repository(make_repository: Callable[..., Repository], cloner: Cloner) -> None:
    made = make_repository("new", object_format="sha256")
    commit = made.commit({"README.md": "hello\n"})
    await cloner.clone(made.url)
    assert cloner.git("rev-parse", "HEAD") == commit


async def test_the_login_is_used_and_left_nowhere(
    private_server: str, environ: dict[str, str], cloner: Cloner, make_repository: Callable[..., Repository]
) -> None:
    (Path(environ["HOME"]) / ".gitconfig").write_text(HELPER)
    program = await cloner.program(private_server + "/repo.git", {"partial": True})
    assert b"open sesame" in program.stdin
    assert "sesame" not in repr(program) + str(program.argv) + str(program.environment)
    done = cloner.run(program)
    assert done.returncode == 0, done.stderr.decode()
    assert "sesame" not in done.stderr.decode()
    for path in cloner.directory.rglob("*"):
        assert not path.is_file() or b"sesame" not in path.read_bytes(), path


async def test_without_the_login_it_says_so(
    private_server: str, environ: dict[str, str], cloner: Cloner
) -> None:
    home = Path(environ["HOME"]) / ".gitconfig"
    home.write_text(HELPER)
    program = await cloner.program(private_server + "/repo.git")
    done = cloner.run(program, b"end\n")
    assert done.returncode != 0
    error = failed(
        GitSource(url=private_server + "/repo.git"), done.returncode, done.stderr.decode().splitlines()
    )
    assert isinstance(error, failure.GitLoginRequired)
    assert not cloner.directory.exists()


async def test_a_login_goes_to_its_own_server_only(
    private_server: str, environ: dict[str, str], repository: Repository, cloner: Cloner
) -> None:
    """The submodule's server asks for a login too, and must not be given the first server's."""
    (Path(environ["HOME"]) / ".gitconfig").write_text(HELPER)
    program = await cloner.program(private_server + "/repo.git")
    other = (*program.environment, ("MOORAGE_CLONE_ORIGIN", "https://other.example.org"))
    stolen = CloneProgram(
        **{name: getattr(program, name) for name in program.__struct_fields__} | {"environment": other}
    )
    done = cloner.run(stolen)
    assert b"could not read Username" in done.stderr


async def test_submodules_only_when_asked(
    make_repository: Callable[..., Repository], repository: Repository, cloner: Cloner
) -> None:
    inner = make_repository("inner")
    inner.commit({"inner.txt": "x\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.url, "deps/inner")
    repository.commit({})
    await cloner.clone(repository.url)
    assert not (cloner.directory / "deps/inner/inner.txt").exists()
    shutil.rmtree(cloner.directory)
    await cloner.clone(repository.url, {"submodules": True})
    assert (cloner.directory / "deps/inner/inner.txt").exists()
    assert cloner.git("-C", "deps/inner", "status", "--porcelain") == ""


async def test_a_submodule_cannot_reach_into_the_machine(
    make_repository: Callable[..., Repository], repository: Repository, cloner: Cloner, http_server: str
) -> None:
    inner = make_repository("inner")
    inner.commit({"inner.txt": "x\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.url, "deps/inner")
    repository.commit({})
    done = cloner.run(await cloner.program(http_server + "/repo.git", {"submodules": True}))
    assert done.returncode != 0
    assert b"transport 'file' not allowed" in done.stderr
    assert not cloner.directory.exists()


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="no git-lfs here")
async def test_lfs_files_only_when_asked(repository: Repository, cloner: Cloner, tmp_path: Path) -> None:
    repository.git("remote", "set-url", "origin", repository.url)
    repository.git("lfs", "install", "--local")
    repository.git("lfs", "track", "*.bin")
    repository.commit({"x.bin": "large file\n"})
    source = GitSource(url=repository.url)
    resolved = await ls_remote(source, environ=cloner.environ)
    checkout = await cache.fetch(source, str(tmp_path / "cache"), resolved=resolved, environ=cloner.environ)
    for lfs, text in ((False, "version https://git-lfs"), (True, "large file\n")):
        into = str(tmp_path / f"context-{lfs}")
        await materialise(checkout, ["x.bin"], into, lfs=lfs)
        assert Path(into, "x.bin").read_text().startswith(text)
        await cloner.clone(repository.url, {"lfs": lfs})
        assert (cloner.directory / "x.bin").read_text().startswith(text)
        assert cloner.git("status", "--porcelain") == ""
        shutil.rmtree(cloner.directory)


async def test_lfs_without_git_lfs_is_said(repository: Repository, cloner: Cloner, tmp_path: Path) -> None:
    """git looks for its lfs command in its own folder and on PATH: give it both without one."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in ("/bin", "/usr/bin"):
        for program in Path(folder).iterdir():
            if program.name != "git-lfs" and not (programs / program.name).is_symlink():
                (programs / program.name).symlink_to(program)
    cloner.own["PATH"] = str(programs)
    done = cloner.run(await cloner.program(repository.url, {"lfs": True}))
    error = failed(GitSource(url=repository.url), done.returncode, done.stderr.decode().splitlines())
    assert isinstance(error, failure.LfsMissing)
    assert "gitImage" in error.hint
    assert not cloner.directory.exists()


async def test_what_is_there_stays(repository: Repository, cloner: Cloner) -> None:
    program = await cloner.program(repository.url)
    assert cloner.run(program).returncode == 0
    (cloner.directory / "README.md").write_text("mine\n")
    again = cloner.run(program)
    assert again.returncode == 0
    assert b"there already" in again.stderr
    assert (cloner.directory / "README.md").read_text() == "mine\n"


async def test_an_empty_folder_is_replaced(repository: Repository, cloner: Cloner) -> None:
    cloner.directory.mkdir(parents=True)
    await cloner.clone(repository.url)
    assert (cloner.directory / "README.md").exists()


async def test_input_that_breaks_off_starts_nothing(repository: Repository, cloner: Cloner) -> None:
    program = await cloner.program(repository.url)
    done = cloner.run(program, b"username ann\npassword half")
    assert done.returncode == 64
    assert isinstance(failed(GitSource(url=repository.url), 64, []), failure.GitFailed)
    assert not cloner.directory.parent.exists()


async def test_the_input_may_be_a_file_or_nothing(
    repository: Repository, cloner: Cloner, tmp_path: Path
) -> None:
    file = tmp_path / "input"
    program = await cloner.program(repository.url, {"input_file": str(file)})
    file.write_bytes(program.stdin)
    assert cloner.run(program, b"").returncode == 0
    shutil.rmtree(cloner.directory)
    assert cloner.run(await cloner.program(repository.url, {"input_file": ""}), b"").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_the_files_belong_to_the_workspaces_user(repository: Repository, cloner: Cloner) -> None:
    (repository.work / "link").symlink_to("/etc/passwd")
    repository.commit({})
    await cloner.clone(repository.url, {"owner_uid": 1234, "owner_gid": 2345})
    for path in [cloner.directory, *cloner.directory.rglob("*")]:
        assert (path.lstat().st_uid, path.lstat().st_gid) == (1234, 2345), path
    assert os.stat("/etc/passwd").st_uid == 0


async def test_killed_at_any_time_it_is_all_or_nothing(repository: Repository, cloner: Cloner) -> None:
    program = await cloner.program(repository.url)
    began = time.monotonic()
    assert cloner.run(program).returncode == 0
    whole = time.monotonic() - began
    for part in range(1, 10):
        shutil.rmtree(cloner.directory, ignore_errors=True)
        _killed_after(cloner, program, whole * part / 9)
        if cloner.directory.exists():
            assert cloner.git("status", "--porcelain") == ""
        assert cloner.run(program).returncode == 0
        assert cloner.git("fsck") == ""
        assert cloner.git("branch", "--show-current") == "main"
        assert [path.name for path in cloner.directory.parent.iterdir()] == ["my repo"]


async def test_a_commit_that_is_gone(repository: Repository, cloner: Cloner) -> None:
    done = cloner.run(await cloner.program(repository.url, commit="0" * 40))
    error = failed(GitSource(url=repository.url), done.returncode, done.stderr.decode().splitlines())
    assert isinstance(error, failure.RefNotFound)
    assert not cloner.directory.exists()


async def test_rules_of_the_user_for_addresses_hold(
    repository: Repository, environ: dict[str, str], private_server: str, cloner: Cloner
) -> None:
    """insteadOf may lead elsewhere and even hold a login, which then travels like any other."""
    base = private_server.replace("http://", "http://ann:open%20sesame@")
    config = f'[url "{base}/"]\n\tinsteadOf = https://forge.example.org/\n'
    (Path(environ["HOME"]) / ".gitconfig").write_text(config)
    program = await cloner.program("https://forge.example.org/repo.git")
    assert "sesame" not in str(program.environment)
    assert cloner.run(program).returncode == 0
    assert cloner.git("config", "remote.origin.url") == f"{private_server}/repo.git"


def _killed_after(cloner: Cloner, program: CloneProgram, seconds: float) -> None:
    child = subprocess.Popen(
        ["dash", *program.argv[1:]],
        env={**cloner.own, **dict(program.environment)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    timer = threading.Timer(seconds, os.killpg, (child.pid, signal.SIGKILL))
    timer.start()
    child.communicate(program.stdin)
    timer.cancel()
    timer.join()
