"""What is there of one workspace, told so that two workspaces of the same configuration compare equal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from tests.api import Api
from tests.outside import Cli

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


def end_state(api: Api, cli: Cli, folder: Path, token: str = "") -> EndState:
    """Look at the engine itself. `token` is that of the image's label, where one is built."""
    containers = containers_of(api, folder)
    identity = containers[0]["Id"] if containers else ""
    own = f"dev.moorage.id={containers[0]['Labels'].get('dev.moorage.id')}" if containers else "none"
    return EndState(
        containers=tuple(each["State"] for each in containers),
        volumes=tuple(each["Name"] for each in api.all("volumes", own)),
        networks=tuple(each["Name"] for each in api.all("networks", own)),
        images=_images(api, token) if token else (),
        processes=tuple(sorted(api.processes(identity))),
        hooks=tuple(api.file(identity, HOOKS).splitlines()),
        temporary=tuple(sorted(path.name for path in temporary_folder(cli).iterdir())),
    )


def containers_of(api: Api, folder: Path) -> list[dict[str, Any]]:
    """Those of a local folder's workspace."""
    return api.all("containers/json", f"devcontainer.local_folder={folder}")


def temporary_folder(cli: Cli) -> Path:
    """The client's own TMPDIR, so that what it leaves there is seen."""
    folder = cli.home / "tmp"
    folder.mkdir(exist_ok=True)
    cli.env["TMPDIR"] = str(folder)
    return folder


def _images(api: Api, token: str) -> tuple[str, ...]:
    """The tags of images with this label; a dangling one counts as well."""
    found = api.all("images/json", f"{TOKEN_LABEL}={token}")
    tags = [tag for image in found for tag in image["RepoTags"] or ["dangling"]]
    return tuple(sorted(re.sub(r":[0-9a-f]{16,}$", ":KEY", tag) for tag in tags))
