"""Debian packages without installing them: downloaded by apt, unpacked into the cache.

The lists and settings are private, so the machine's own apt knows nothing of it and nothing is upgraded.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .layout import Layout
from .phase import run

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = ("bookworm", "trixie")


def unpacked(layout: Layout, name: str, suite: str, packages: Sequence[str]) -> Path:
    """The root of the unpacked ``packages`` of ``suite``; downloads them when they are not there."""
    target = layout.products / f"{name}-{suite}"
    if target.exists():
        return target
    layout.downloads.mkdir(parents=True, exist_ok=True)
    with (layout.downloads / "debs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _unpack(layout, target, suite, packages)
    return target


def install(commands: dict[str, str]) -> None:
    """Install what is missing of ``commands`` (a command or a file → its package) with the machine's apt."""
    missing = [package for probe, package in commands.items() if not _present(probe)]
    if not missing:
        return
    run(["apt-get", "update", "-qq"], sudo=True)
    run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        sudo=True,
        env={"DEBIAN_FRONTEND": "noninteractive"},
    )


def _present(probe: str) -> bool:
    return Path(probe).exists() if "/" in probe else shutil.which(probe) is not None


def _unpack(layout: Layout, target: Path, suite: str, packages: Sequence[str]) -> None:
    options = _private_apt(layout.downloads / "apt")
    archives = layout.downloads / target.name
    archives.mkdir(exist_ok=True)
    run(
        ["apt-get", *options, "download", "-qq", *(f"{package}/{suite}" for package in packages)],
        cwd=archives,
    )
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    for archive in sorted(archives.glob("*.deb")):
        run(["dpkg-deb", "-x", str(archive), str(draft)])
    shutil.rmtree(archives)
    draft.rename(target)


def _private_apt(root: Path) -> list[str]:
    """Options for apt with lists of its own, fetched once for all suites."""
    lists = root / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (root / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    (root / "empty").mkdir(exist_ok=True)
    sources = root / "sources.list"
    sources.write_text("".join(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n" for suite in SUITES))
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": root / "empty",
        "Dir::Etc::preferencesparts": root / "empty",
        "Dir::State::lists": lists,
        "Dir::Cache": root / "cache",
        "APT::Sandbox::User": "root",
    }
    flags = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    if not list(lists.glob("*_Packages*")):
        run(["apt-get", *flags, "update", "-qq"])
    return flags


def is_debian() -> bool:
    return (
        shutil.which("apt-get") is not None
        and subprocess.run(["dpkg", "--version"], capture_output=True).returncode == 0
    )
