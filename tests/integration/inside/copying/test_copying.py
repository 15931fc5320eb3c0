"""COPY and ADD as BuildKit does them and as ours do, compared by all that a file system says of each path."""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from moorage.dockerfile.ignore import read
from moorage.dockerfile.instruction import Instruction
from moorage.dockerfile.parse import parse
from moorage.errors import MoorageError
from moorage.inside.executor.copying.copy import copy
from moorage.inside.executor.copying.face import Copying, Source
from moorage.inside.executor.copying.fetch import Fetcher
from moorage.inside.layers.root import Root
from moorage.spec.giturl import BadSource
from tests.integration.inside.copying.cases import cases, refused
from tests.integration.inside.copying.context import IGNORE, TIME, archive, context
from tests.outside import Docker, Images

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

START = """\
FROM scratch AS base
ADD base.tar /
FROM scratch AS stuff
ADD stuff.tar /
"""
TAR = "tar --xattrs '--xattrs-include=*' --format=pax -cf /out/roots.tar -C /roots ."


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/missing":
            self.send_error(404)
            return
        if path == "/redir":
            self.send_response(302)
            self.send_header("Location", "/f.txt")
            self.end_headers()
            return
        body = archive() if path.endswith("tar") else b"content"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Disposition", 'attachment; filename="named.bin"')
        if path.startswith("/lm"):
            self.send_header("Last-Modified", "Sun, 09 Sep 2001 01:46:40 GMT")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A web server and a repository's, and the commit that is at its tag `v2`."""
    folder = tmp_path_factory.mktemp("git")
    commit = repository(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = [f"--base-path={folder}", "--export-all", "--listen=127.0.0.1", f"--port={port}", "--reuseaddr"]
    daemon = subprocess.Popen(["git", "daemon", *options], stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until_it_listens(port)
        web = f"http://127.0.0.1:{server.server_port}"
        yield {"web": web, "git": f"git://127.0.0.1:{port}", "commit": commit}
    finally:
        os.killpg(daemon.pid, signal.SIGTERM)
        daemon.wait()
        server.shutdown()
        server.server_close()


def repository(folder: Path) -> str:
    def git(*words: str | Path) -> str:
        somebody = ("-c", "user.name=a", "-c", "user.email=a@example")
        command = ["git", "-C", folder / "work", *somebody, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    (folder / "work/sub").mkdir(parents=True)
    for name in ("a", "sub/s", "x"):
        (folder / "work" / name).write_text(name)
    (folder / "work/x").chmod(0o755)
    (folder / "work/l").symlink_to("sub")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "one")
    git("tag", "-a", "-m", "two", "v2")
    git("checkout", "-qb", "other/branch")
    (folder / "work/b").write_text("b")
    git("add", ".")
    git("commit", "-qm", "two")
    git("checkout", "-q", "main")
    git("clone", "-q", "--bare", ".", folder / "inner.git")
    commit = git("rev-parse", "v2^{commit}")
    for name, url in (("submodule", "../inner.git"), ("hostile", f"file://{folder}/inner.git")):
        git("checkout", "-qb", name, "main")
        (folder / "work/.gitmodules").write_text(f'[submodule "m"]\n\tpath = sub/m\n\turl = {url}\n')
        git("add", ".gitmodules")
        git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub/m")
        git("commit", "-qm", name)
    git("checkout", "-qf", "main")
    git("clone", "-q", "--bare", ".", folder / "origin.git")
    return commit


def until_it_listens(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("git daemon does not listen")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a context, and with the roots of the stages that the instructions are about."""
    context(tmp_path / "context")
    for name in ("base", "stuff"):
        extract(tmp_path / f"context/{name}.tar", tmp_path / f"roots/{name}")
    return tmp_path


async def test_all_that_copy_and_add_can_do(
    docker: Docker, images: Images, place: Path, served: dict[str, str]
) -> None:
    given = cases(served)
    theirs = by_buildkit(docker, images, place, given)
    different = {}
    for name, lines in given.items():
        shutil.rmtree(place / "root", ignore_errors=True)
        subprocess.run(["cp", "-a", place / "roots/base", place / "root"], check=True)
        await by_us(place, lines)
        mine, other = look(place / "root"), look(theirs / name)
        paths = sorted(path for path in {*mine, *other} if not alike(mine.get(path), other.get(path)))
        if paths:
            different[name] = [lines, *(f"{path}: {mine.get(path)} | {other.get(path)}" for path in paths)]
    text = "\n".join("\n   ".join(each) for each in different.values())
    assert not different, text
    assert (place / "root/real").exists()


async def test_what_buildkit_refuses(docker: Docker, place: Path, served: dict[str, str]) -> None:
    def fails(number: int, lines: str) -> bool:
        dockerfile = place / f"Dockerfile{number}"
        dockerfile.write_text(f"{START}FROM base\n{lines}\n")
        command = ["docker", "--host", docker.host, "build", "-q", "-f", dockerfile, place / "context"]
        return subprocess.run(command, capture_output=True, timeout=60).returncode != 0

    with ThreadPoolExecutor(2) as threads:
        theirs = list(threads.map(fails, range(100), refused(served)))
    assert [lines for lines, failed in zip(refused(served), theirs, strict=True) if not failed] == []
    for lines in refused(served):
        shutil.rmtree(place / "root", ignore_errors=True)
        subprocess.run(["cp", "-a", place / "roots/base", place / "root"], check=True)
        with pytest.raises(MoorageError):
            await by_us(place, lines)


def by_buildkit(docker: Docker, images: Images, place: Path, given: dict[str, str]) -> Path:
    """The root of each case: each is a stage, and one step sees them all at once, as they are."""
    mounts = " ".join(f"--mount=type=bind,from={name},target=/roots/{name}" for name in given)
    stages = "".join(f"FROM base AS {name}\n{lines}\n" for name, lines in given.items())
    last = f"FROM {images.debian} AS pack\nRUN {mounts} mkdir /out && {TAR}\n"
    last += "FROM scratch\nCOPY --from=pack /out /\n"
    (place / "Dockerfile").write_text(START + stages + last)
    # What is cached may be of files of other times, which are no part of its key.
    docker(
        "build",
        "-q",
        "--no-cache",
        "-f",
        place / "Dockerfile",
        "-o",
        f"type=local,dest={place}/out",
        place / "context",
    )
    extract(place / "out/roots.tar", place / "theirs")
    return place / "theirs"


async def by_us(place: Path, lines: str) -> None:
    folder = "/"
    with Root(str(place / "root")) as root:
        for instruction in parse(f"FROM scratch\n{lines}\n").instructions[1:]:
            if instruction.keyword == "WORKDIR":
                folder = instruction.words[0]
                root.folder(folder.strip("/"), make=True)
                continue
            name = instruction.flag("from")
            source = Source(
                folder=str(place / "roots" / name if name else place / "context"),
                ignore=None if name else read(IGNORE),
                is_context=name is None,
            )
            (place / "fetched").mkdir(exist_ok=True)
            with Fetcher(str(place / "fetched")) as fetch:
                await copy(copying(instruction, folder), source, root, fetch)
        root.made.clear()


def copying(instruction: Instruction, folder: str) -> Copying:
    """No variable is in the cases, and no name of a user."""
    is_add = instruction.keyword == "ADD"
    flags = dict(instruction.flags)
    owner = [int(each) for each in (flags.get("chown") or "").split(":") if each]
    *sources, destination = instruction.words
    heredocs = {f"<<{each.name}": each for each in instruction.heredocs}
    unpack = "true" if flags.get("unpack", "") is None else flags.get("unpack", "")
    return Copying(
        sources=tuple(each.strip('"') for each in sources if each not in heredocs),
        destination=destination,
        folder=folder,
        owner=(owner[0], owner[1]) if owner else None,
        mode=flags.get("chmod") or "",
        parents="parents" in flags,
        exclude=instruction.flag_values("exclude"),
        link="link" in flags,
        add=is_add,
        unpack=is_add and unpack != "false",
        unpack_fetched=unpack == "true",
        keep_git_dir="keep-git-dir" in flags,
        checksum=flags.get("checksum") or "",
        heredocs=tuple((each.name, each.content.encode()) for each in heredocs.values()),
    )


def extract(archive: Path, into: Path) -> None:
    into.mkdir(parents=True)
    options = [
        "-x",
        "-p",
        "--delay-directory-restore",
        "--same-owner",
        "--xattrs",
        "--xattrs-include=*",
        "--numeric-owner",
    ]
    subprocess.run(["tar", *options, "-C", into, "-f", archive], check=True)


def look(top: Path) -> dict[str, str]:
    """One line for each path, without times of today; names of one file show alike."""
    found = {}
    first: dict[int, str] = {}
    for path in sorted(top.rglob("*")):
        seen, name = path.lstat(), str(path.relative_to(top))
        when = seen.st_mtime_ns / 1e9 - TIME if seen.st_mtime < TIME + 1_000_000 else "now"
        what = f"{stat.filemode(seen.st_mode)} {seen.st_uid}:{seen.st_gid} {when}"
        if path.is_symlink():
            what += f" -> {os.readlink(path)}"
        elif path.is_file():
            what += f" {seen.st_size} {hashlib.md5(path.read_bytes()).hexdigest()[:8]}"
            what += f" {first.setdefault(seen.st_ino, name)}"
        elif not path.is_dir():
            what += f" {seen.st_rdev}"
        for key in sorted(os.listxattr(path, follow_symlinks=False)):
            what += f" {key}={os.getxattr(path, key, follow_symlinks=False)!r}"
        found[name] = what
    return found


def alike(mine: str | None, other: str | None) -> bool:
    """BuildKit goes on with what it has received for an earlier build, whoever's that was: a folder of the
    context may have the time that it had then. So times of folders are not compared.
    """
    if mine is None or other is None or not (mine.startswith("d") and other.startswith("d")):
        return mine == other
    return _timeless(mine) == _timeless(other)


def _timeless(line: str) -> list[str]:
    mode, owner, _, *rest = line.split(" ")
    return [mode, owner, *rest]


async def test_a_repository_keeps_its_git(served: dict[str, str], place: Path) -> None:
    """What is in .git differs from git to git: it is asked what it has."""
    (place / "root").mkdir()
    await by_us(place, f"ADD --keep-git-dir {served['git']}/origin.git#v2 /new")
    new = place / "root/new"
    git = ["git", "-C", new, "-c", "safe.directory=*"]
    assert subprocess.check_output([*git, "status", "--porcelain"], text=True) == ""
    assert subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip() == served["commit"]
    assert subprocess.check_output([*git, "rev-list", "--count", "HEAD"], text=True).strip() == "1"


async def test_submodules_of_a_repository(served: dict[str, str], place: Path) -> None:
    """BuildKit leaves a file .git in each that points nowhere, and lets one name files of its own machine."""
    (place / "root").mkdir()
    await by_us(place, f"ADD {served['git']}/origin.git#submodule /new")
    found = sorted(str(path.relative_to(place / "root/new")) for path in (place / "root/new/sub").rglob("*"))
    assert found == ["sub/m", "sub/m/a", "sub/m/l", "sub/m/sub", "sub/m/sub/s", "sub/m/x", "sub/s"]
    with pytest.raises(BadSource):
        await by_us(place, f"ADD {served['git']}/origin.git#hostile /hostile")
    assert sorted(path.name for path in (place / "root").iterdir()) == ["new"]
