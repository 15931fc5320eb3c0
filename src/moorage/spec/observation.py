"""What a driver sees of a workspace in one look: `Observation`, and what the engine can do: `Capacity`."""

from __future__ import annotations

from typing import Literal

import msgspec


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """The workspace's container as the engine has it.

    `id` is the instance (a new container is a new create), `started_at` tells one start from another;
    both times are as the engine writes them.
    `environment` is what its main process sees, `user` what it runs as ("" for root by default).
    """

    id: str
    name: str
    state: Literal["created", "running", "paused", "exited", "removing", "dead", "restarting"]
    image: str
    image_id: str
    created: str = ""
    started_at: str = ""
    exit_code: int = 0
    error: str = ""
    user: str = ""
    working_folder: str = ""
    labels: dict[str, str] = {}
    environment: dict[str, str] = {}
    mounts: tuple[tuple[str, str, str], ...] = ()
    """(kind, source or volume name, target) of each mount."""
    addresses: tuple[str, ...] = ()
    furnished: bool = False
    """Each start of it brings the runner and a clone along, so that nothing is put in beforehand."""


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner inside the container has written (design section 4).

    `prepared`: the container has been made ready (user ids, folders); `owed`: files of the home still have
    the ids they had in the image ("UID GID NEW_UID NEW_GID HOME"). `done` holds hook keys such as
    "onCreateCommand:0" that ended with success in this container; start hooks are keyed by the start too.
    `failed` is the key of the last hook that failed, with `exit_code` (124: its time limit). `running`: a
    runner is (or was when last written) at work. `probes` has, by the value of userEnvProbe, what the user's
    shell made of the environment; an empty one means that the shell hung or failed.
    """

    prepared: bool = False
    owed: str = ""
    done: tuple[str, ...] = ()
    failed: str = ""
    exit_code: int = 0
    running: bool = False
    probes: dict[str, dict[str, str]] = {}
    dotfiles: bool = False
    ran: dict[str, str] = {}
    """By a command's key: a hash of what was run under it last (`devcontainer.lifecycle.digest`)."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """All that exists of one workspace. `volume` says how far the clone of a Git source is."""

    container: Container | None = None
    journal: Journal = Journal()
    volume: Literal["none", "empty", "complete"] = "none"
    helper_running: bool = False
    beside: tuple[tuple[str, str], ...] = ()
    """(service, state) of the other containers of its Compose project."""
    template: str = ""
    """What the workspace remembers of its template, also where it has no container; "" without one."""


class EngineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine is and offers: `memory` and `storage` in bytes (storage 0: unknown)."""

    product: Literal["docker", "podman", "kubernetes", "other"]
    version: str
    platform: str
    cpus: int
    memory: int
    storage: int = 0
    runtimes: tuple[str, ...] = ()
    gpu: bool = False
    rootless: bool = False
    local: bool = True
    """Whether bind mounts of this machine's folders work: the socket is on this machine."""
    selinux: bool = False
    userns: str = ""
    buildkit: bool = True
    furnishes: bool = False
    """Its containers are `Container.furnished`; they pull their images, and get local folders as copies."""
