"""The docker client with buildx and compose: Debian trixie's, each only where the machine has none."""

import os
import shutil
from pathlib import Path

from . import debs
from .layout import Layout
from .phase import phase, succeeds

PLUGINS = {"buildx": "docker-buildx", "compose": "docker-compose"}


def ensure(layout: Layout) -> None:
    """Make ``docker``, ``docker buildx`` and ``docker compose`` answer here; touches nothing that does."""
    if shutil.which("docker") is None:
        with phase("installed the docker client"):
            root = debs.unpacked(layout, "docker-cli", "trixie", ["docker-cli"])
            _copy(root / "usr/bin/docker", _binaries() / "docker")
    for plugin, package in PLUGINS.items():
        if not succeeds(["docker", plugin, "version"]):
            with phase(f"installed {package}"):
                _copy(_plugin(layout, package), _plugins() / f"docker-{plugin}")


def _plugin(layout: Layout, package: str) -> Path:
    root = debs.unpacked(layout, package, "trixie", [package])
    return next(root.glob(f"usr/lib*/docker/cli-plugins/{package}"))


def _binaries() -> Path:
    return Path("/usr/local/bin") if os.geteuid() == 0 else Path.home() / ".local" / "bin"


def _plugins() -> Path:
    """A folder in which every docker client looks, whatever its HOME, where we may write there."""
    system = Path("/usr/local/lib/docker/cli-plugins")
    return system if os.geteuid() == 0 else Path.home() / ".docker" / "cli-plugins"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copy2(source, draft)
    draft.replace(target)
