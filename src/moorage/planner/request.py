"""What a person asked for, complete: the same request and the same facts give the same plan."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from moorage.spec import names
from moorage.spec.build import BuildSecret
from moorage.spec.source import Source, canonical, default_name

HooksUntil: TypeAlias = Literal["", "none", "waitFor", "updateContentCommand", "dotfiles"]

_DEFAULT_CONFIGS = (".devcontainer/devcontainer.json", ".devcontainer.json", "default")


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The machine that the command runs on. `uid` None where user ids mean nothing (not Linux)."""

    owner: str
    environment: dict[str, str] = {}
    uid: int | None = None
    gid: int | None = None
    git_root: str = ""
    """Of a local folder: the root of the repository it lies in, "" for none."""
    git_common: str = ""
    """The main repository's `.git`, where `git_root` is a linked worktree and that one is mounted too."""


class Dotfiles(msgspec.Struct, frozen=True, kw_only=True):
    """A person's dotfiles repository, and where and how to install it."""

    repository: str
    target: str = "~/dotfiles"
    install_command: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One `up` in full. Times are seconds; 0 means no limit."""

    source: Source
    host: Host
    name: str = ""
    config: str = ""
    recreate: bool = False
    rebuild: bool = False
    anew: str = ""
    """Why the container that exists goes although nobody asked for it; "" where it stays."""
    no_cache: bool = False
    pull: bool = False
    allow_host_commands: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    remote_environment: tuple[tuple[str, str | None], ...] = ()
    mounts: tuple[str, ...] = ()
    run_args: tuple[str, ...] = ()
    """Beside those of the devcontainer.json, and after them."""
    template: str = ""
    """What the workspace is to remember of its template (`spec.template`)."""
    dotfiles: Dotfiles | None = None
    secrets: tuple[tuple[str, str], ...] = ()
    build_secrets: tuple[BuildSecret, ...] = ()
    build_ssh: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    hook_timeout: float = 0
    repository: str = ""
    registry_only: bool = False
    """Whether images are only where a registry has them: then those below others are kept there, too."""
    no_builds: str = ""
    """Why no image can be built here, with what would help; "" where it can."""
    platform: str = ""
    """What images are for, such as linux/arm64; "": what the place is by itself."""
    submodules: bool = False
    lfs: bool = False
    features: dict[str, object] = {}
    """Features beside those of the devcontainer.json, which wins where both name one."""
    lockfile: Literal["write", "frozen", "ignore"] = "write"
    auto_mapping: bool = True
    """Whether short names of Features without a registry mean the first-party ones."""
    found: str = ""
    """The name of the container where Compose, or another tool, has named it."""
    attach: bool = True
    """Whether postAttachCommand belongs to this run."""
    hooks_until: HooksUntil = ""
    """The last that runs: "" all, "none", "waitFor" what the configuration waits for, or by name; with
    "updateContentCommand" (a prebuild) that one runs again if it has run."""
    wait_for_all: bool = False
    """Return when all hooks have ended, whatever the configuration's waitFor says."""
    default_probe: str = "loginInteractiveShell"
    update_uid: Literal["on", "off", "never"] = "on"
    """updateRemoteUserUID where the configuration has none; "never" also where it has."""
    gpu: Literal["", "all", "detect", "none"] = ""
    """"": what hostRequirements.gpu demands; else whether there is one, so that a lack is no failure."""
    id_labels: tuple[tuple[str, str], ...] = ()
    """Labels that stand in the place of source, configuration and name in the workspace's identity."""
    override_config: str = ""
    """An absolute path; its text is read in the place of the configuration's own."""
    labelled_remote_env: bool = True
    """Whether the container's metadata label has remoteEnv of the configuration as it is written."""
    data_folder: str = ""
    """Where in the container the reference CLI keeps its notes of finished hooks; "" for ~/.devcontainer."""

    @property
    def canonical(self) -> str:
        """The source as it enters the identity."""
        return canonical(self.source)

    @property
    def workspace(self) -> str:
        """The workspace's id."""
        if self.id_labels:
            labels = msgspec.json.encode(dict(self.id_labels), order="sorted").decode()
            return names.workspace_id("", f"labels:{labels}", "", "")
        return names.workspace_id(self.host.owner, self.canonical, _config_identity(self.config), self.name)

    @property
    def slug(self) -> str:
        """The readable part of every object's name; not necessarily the workspace's name."""
        return self.name or default_name(self.source)

    @property
    def container(self) -> str:
        """The container's name: ours, or the one that it was found to have."""
        return self.found or self.handle

    @property
    def handle(self) -> str:
        """The name of a container that moorage names itself."""
        return names.container_name(self.slug, self.workspace)

    @property
    def volume(self) -> str:
        return names.volume_name(self.slug, self.workspace)


def _config_identity(config: str) -> str:
    """An id and the path that it stands for are one choice, and the default is the same as none."""
    config = config.removeprefix("./")
    if not config or config in _DEFAULT_CONFIGS:
        return ""
    return (
        config if "/" in config or config.endswith(".json") else f".devcontainer/{config}/devcontainer.json"
    )
