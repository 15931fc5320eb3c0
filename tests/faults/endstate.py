"""What is there of one workspace, told so that two workspaces of the same configuration compare equal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tests.outside import Cli, Docker

HOOKS = "/hooks.log"
"""Where the hooks of the examples write, inside."""

TOKEN_LABEL = "test.token"
"""On images that an example's Dockerfile makes."""


class EndState(NamedTuple):
    """Containers by their state; everything else by name, with what differs from run to run replaced."""

    containers: tuple[str, ...]
    volumes: tuple[str, ...]
    networks: tuple[str, ...]
    images: tuple[str, ...]
    processes: tuple[str, ...]
    hooks: tuple[str, ...]
    temporary: tuple[str, ...]


def end_state(docker: Docker, cli: Cli, folder: Path, token: str = "") -> EndState:
    """Look with the engine's own client. `token` is that of the image's label, where one is built."""
    mine = f"label=devcontainer.local_folder={folder}"
    containers = docker.lines("ps", "--all", "--filter", mine, "--format", "{{.ID}} {{.State}}")
    identity = containers[0].split()[0] if containers else ""
    workspace = docker("inspect", "--format", '{{index .Config.Labels "dev.moorage.id"}}', identity)
    own = f"label=dev.moorage.id={workspace}"
    return EndState(
        containers=tuple(line.split()[1] for line in containers),
        volumes=tuple(docker.lines("volume", "ls", "--quiet", "--filter", own)),
        networks=tuple(docker.lines("network", "ls", "--quiet", "--filter", own)),
        images=_images(docker, token) if token else (),
        processes=_processes(docker, identity),
        hooks=tuple(docker.lines("exec", identity, "cat", HOOKS)),
        temporary=tuple(sorted(path.name for path in temporary_folder(cli).iterdir())),
    )


def temporary_folder(cli: Cli) -> Path:
    """The client's own TMPDIR, so that what it leaves there is seen."""
    folder = cli.home / "tmp"
    folder.mkdir(exist_ok=True)
    cli.env["TMPDIR"] = str(folder)
    return folder


def _images(docker: Docker, token: str) -> tuple[str, ...]:
    """Tagged and dangling ones with this label."""
    rows = docker.lines(
        "image",
        "ls",
        "--all",
        "--filter",
        f"label={TOKEN_LABEL}={token}",
        "--format",
        "{{.Repository}}:{{.Tag}}",
    )
    return tuple(sorted(re.sub(r":[0-9a-f]{16,}$", ":KEY", row) for row in rows))


def _processes(docker: Docker, container: str) -> tuple[str, ...]:
    rows = docker.lines("top", container, "-o", "pid,args")[1:]
    return tuple(sorted(row.split(None, 1)[1] for row in rows))
