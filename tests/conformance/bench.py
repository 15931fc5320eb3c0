"""An engine to run on, and who runs the client there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from scripts.engines.layout import REPOSITORY
from tests.integration.must_hold.proxy import proxied
from tests.outside import Cli, Docker

SOMEBODY = (4242, 4243)
"""Ids that no image knows, of a user without a name."""


class Client(Cli):
    """`moorage` as a certain user: `become` stands before the command."""

    def __init__(self, home: Path, host: str, become: tuple[str, ...], python: str) -> None:
        super().__init__(home, host)
        self.become, self.python = become, python
        if become:
            self.env["PYTHONDONTWRITEBYTECODE"] = "1"
        if python != sys.executable:
            self.env["PYTHONPATH"] = f"{REPOSITORY / 'src'}:{sysconfig.get_paths()['purelib']}"

    def command(self, *arguments: str | Path) -> list[str]:
        return [*self.become, self.python, "-m", "moorage", *map(str, arguments)]


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """One engine: its name among case.ENGINES, its address, and as whom its client runs.

    `base` is where the client's user may have projects; None: in the test's own folder.
    """

    engine: str
    host: str
    home: Path
    registry: str = ""
    ids: tuple[int, int] = (0, 0)
    become: tuple[str, ...] = ()
    python: str = sys.executable
    base: Path | None = None

    @property
    def inside(self) -> tuple[int, int]:
        """The ids of vscode inside. A rootless Podman keeps the number and maps it to the client's."""
        return (1000, 1000) if self.engine == "podman-rootless" else self.ids

    @property
    def images(self) -> str:
        """The repository of images that cases bring."""
        return "moorage-conformance"

    @property
    def docker(self) -> Docker:
        return Docker(self.host)

    @property
    def client(self) -> Client:
        return Client(self.home, self.host, self.become, self.python)

    @property
    def unprivileged(self) -> bool:
        return self.ids != (0, 0)

    def has(self, tag: str) -> bool:
        """Whether an image is where this bench runs it from."""
        return bool(self.docker.lines("image", "ls", "--quiet", tag))

    def build(self, tag: str, dockerfile: str, label: str) -> None:
        """An image by the engine's own builder. Raises CalledProcessError."""
        command = ["docker", "--host", self.host, "build", "--quiet", "--label", label, "--tag", tag, "-"]
        environment = {
            **os.environ,
            "DOCKER_BUILDKIT": "1" if self.engine in ("docker", "kubernetes") else "0",
        }
        subprocess.run(command, input=dockerfile, text=True, check=True, capture_output=True, env=environment)

    def own(self, path: Path) -> None:
        """Give it to the client's user."""
        if self.unprivileged:
            subprocess.run(["chown", "-R", f"{self.ids[0]}:{self.ids[1]}", str(path)], check=True)

    @contextmanager
    def folder(self, otherwise: Path) -> Iterator[Path]:
        """One for a project, which the client's user and the engine may enter."""
        if self.base is None:
            yield otherwise
            return
        self.base.mkdir(parents=True, exist_ok=True)
        self.own(self.base)
        folder = Path(tempfile.mkdtemp(dir=self.base))
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def somebody(bench: Bench) -> Iterator[Bench]:
    """The same engine for a client that is not root. A rootless engine's is none already."""
    if bench.unprivileged:
        yield bench
        return
    uid, gid = SOMEBODY
    with tempfile.TemporaryDirectory(prefix="moorage-conformance-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = folder / "home"
        home.mkdir()
        os.chown(home, uid, gid)
        become = ("setpriv", "--reuid", str(uid), "--regid", str(gid), "--clear-groups")
        with proxied(folder / "engine.sock", bench.host) as proxy:
            yield msgspec.structs.replace(
                bench, host=proxy.host, home=home, ids=SOMEBODY, become=become, base=folder / "projects"
            )
