"""Podman in one of its four ways: as root or as a user, through its socket or without one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from scripts.engines.layout import REPOSITORY
from scripts.engines.provision import Podman
from tests.outside import Cli, Docker


class Place(Cli):
    """``moorage`` as Podman's user, in folders of that user; ``private``: no socket is named, only Podman."""

    def __init__(self, podman: Podman, *, private: bool, base: Path) -> None:
        self.podman = podman
        self.private = private
        self.token = f"t{uuid4().hex[:12]}"
        self.base = (Path(podman.home) / "tests" if podman.rootless else base) / self.token
        self.base.mkdir(parents=True)
        super().__init__(self.base / "home", podman.host)
        self.docker = Docker(podman.host)
        self.env["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        if private:
            del self.env["DOCKER_HOST"]
            self.write("home/.config/moorage/config.toml", f'[driver.docker]\npath = "{podman.program}"\n')
        self.python = python(podman)
        if self.python != sys.executable:
            self.env["PYTHONPATH"] = f"{REPOSITORY / 'src'}:{sysconfig.get_paths()['purelib']}"
            self.env["PYTHONDONTWRITEBYTECODE"] = "1"
        self._own()

    def command(self, *arguments: str | Path) -> list[str]:
        return [*self.podman.become, self.python, "-m", "moorage", *map(str, arguments)]

    def project(self, configuration: Mapping[str, object], files: Mapping[str, str] | None = None) -> Path:
        """A folder with a devcontainer.json and files, owned by the user."""
        self.write("project/.devcontainer/devcontainer.json", json.dumps(configuration))
        for path, text in (files or {}).items():
            self.write(f"project/{path}", text)
        self._own()
        return self.base / "project"

    def write(self, path: str, text: str) -> None:
        target = self.base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def run(self, *words: str) -> str:
        """A command of Podman itself, in the same store."""
        done = subprocess.run([self.podman.program, *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def left(self) -> list[tuple[str, str]]:
        """("container" or "volume", name) of everything that bears this place's folder in a label."""
        found = []
        for kind, listing in (("container", ["ps", "--all"]), ("volume", ["volume", "ls"])):
            names = self.run(*listing, "--quiet").split()
            for entry in json.loads(self.run(kind, "inspect", *names)) if names else []:
                labels = entry["Config"]["Labels"] if kind == "container" else entry["Labels"]
                if self.token in json.dumps(labels):
                    found.append((kind, entry.get("Id") or entry["Name"]))
        return found

    def services(self) -> list[str]:
        """Command lines of services that commands of this place have started for themselves."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().decode(errors="replace").split("\0")
                ours = self.token.encode() in entry.with_name("environ").read_bytes()
            except OSError:
                continue
            if ours and "service" in words and any("/moorage-podman-" in word for word in words):
                found.append(" ".join(words))
        return found

    def clean(self) -> None:
        for kind, name in self.left():
            flags = ["--volumes", "--time", "0"] if kind == "container" else []
            image = self.run("inspect", "--format", "{{.ImageName}}", name) if kind == "container" else ""
            self.run(kind, "rm", "--force", *flags, name)
            if "moorage/devcontainer" in image:
                self.run("image", "rm", "--force", image)
        shutil.rmtree(self.base, ignore_errors=True)

    def _own(self) -> None:
        subprocess.run(["chown", "-R", f"{self.podman.user}:", str(self.base)], check=True)
        if self.podman.rootless:
            os.chown(self.base.parent, *self._ids())

    def _ids(self) -> tuple[int, int]:
        import pwd

        found = pwd.getpwnam(self.podman.user)
        return found.pw_uid, found.pw_gid


def python(podman: Podman) -> str:
    """A Python that Podman's user may run: this one, else the system's of the same version, else ""."""
    import moorage

    needed = [sys.executable, str(Path(moorage.__file__).resolve())]
    if not podman.rootless or all(_may(podman, path) for path in needed):
        return sys.executable
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    return system if Path(system).exists() and _may(podman, needed[1]) else ""


def _may(podman: Podman, path: str) -> bool:
    return subprocess.run([*podman.become, "test", "-r", path], cwd="/").returncode == 0
