"""Everything that moorage may do to bring a workspace about. Each step writes; `reason` says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from moorage.devcontainer.lifecycle import Stage
from moorage.planner.questions import HashContext
from moorage.spec.build import BuildSpec
from moorage.spec.run import RunSpec
from moorage.spec.stack import Stack

if TYPE_CHECKING:  # steps are made and printed, never read back: a run without Features loads none of this
    from moorage.devcontainer.features.comparison import Install
    from moorage.image.features.generate import GeneratedFile


class RunInitialize(msgspec.Struct, frozen=True, kw_only=True, tag="run-initialize"):
    """Run initializeCommand on this machine, in `folder`: the project, or the cache's copy of its commit."""

    stage: Stage
    folder: str
    reason: str = ""

    @property
    def title(self) -> str:
        return "Run initializeCommand on this machine"


class PullImage(msgspec.Struct, frozen=True, kw_only=True, tag="pull-image"):
    reference: str
    platform: str = ""
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Pull {self.reference}"


class BuildImage(msgspec.Struct, frozen=True, kw_only=True, tag="build-image"):
    """Build the image of a Dockerfile configuration. `predicted_user` is what its USER will be."""

    spec: BuildSpec
    context: HashContext
    predicted_user: str = ""
    predicted_metadata: str = ""
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Build {self.spec.tag[:50]}"


class WriteLockfile(msgspec.Struct, frozen=True, kw_only=True, tag="write-lockfile"):
    """Write what the configuration's Features were resolved to beside it, on this machine."""

    path: str
    text: str
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Write {self.path.rpartition('/')[2]}"


class BuildFeatures(msgspec.Struct, frozen=True, kw_only=True, tag="build-features"):
    """Install Features on top of a base image: a build whose context is nothing but their files.

    `generated` are files of moorage's own in that context; `folders` the place in it of each install.
    """

    spec: BuildSpec
    installs: tuple[Install, ...]
    generated: tuple[GeneratedFile, ...] = ()
    folders: tuple[str, ...] = ()
    predicted_user: str = ""
    predicted_metadata: str = ""
    remarks: tuple[str, ...] = ()
    reason: str = ""

    @property
    def title(self) -> str:
        names = ", ".join(each.found.feature.id for each in self.installs)
        return f"Install {len(self.installs)} Feature{'s' if len(self.installs) > 1 else ''}: {names}"


class RemoveContainer(msgspec.Struct, frozen=True, kw_only=True, tag="remove-container"):
    container: str
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Remove container {self.container}"


class CreateContainer(msgspec.Struct, frozen=True, kw_only=True, tag="create-container"):
    container: str
    spec: RunSpec
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Create container {self.container}"


class CreateStack(msgspec.Struct, frozen=True, kw_only=True, tag="create-stack"):
    """Have Compose build and make what is missing of a stack.

    `replace`: a container that another tool made for our service may go. `start`: it is started at once,
    because nothing in it has to be made ready before.
    """

    spec: RunSpec
    stack: Stack
    replace: bool = False
    start: bool = False
    reason: str = ""

    @property
    def title(self) -> str:
        verb = "Create and start" if self.start else "Create the containers of"
        return f"{verb} {self.stack.project}: {', '.join(self.stack.services)}"


class StartStack(msgspec.Struct, frozen=True, kw_only=True, tag="start-stack"):
    """Have Compose start a stack, each service when those that it depends on are ready."""

    container: str
    spec: RunSpec
    stack: Stack
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Start {self.stack.project}: {', '.join(self.stack.services)}"


class PrepareContainer(msgspec.Struct, frozen=True, kw_only=True, tag="prepare-container"):
    """Put the runner and its journal in; where `uid` is given, make `user` have this machine's ids."""

    container: str
    user: str
    uid: int | None = None
    gid: int | None = None
    reason: str = ""

    @property
    def title(self) -> str:
        ids = f", {self.user} as {self.uid}:{self.gid}" if self.uid is not None else ""
        return f"Prepare the container{ids}"


class CloneSource(msgspec.Struct, frozen=True, kw_only=True, tag="clone-source"):
    """Clone a Git source at `commit` into the workspace's volume, complete or not visible."""

    container: str
    volume: str
    folder: str
    mount: str
    commit: str
    branch: str = ""
    user: str = ""
    submodules: bool = False
    lfs: bool = False
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Clone the repository into {self.folder}"


class UploadSource(msgspec.Struct, frozen=True, kw_only=True, tag="upload-source"):
    """Copy a folder of this machine into the running workspace, complete or not visible, once."""

    container: str
    source: str
    folder: str
    user: str = ""
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Upload {self.source} to {self.folder}"


class StartContainer(msgspec.Struct, frozen=True, kw_only=True, tag="start-container"):
    container: str
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Start container {self.container}"


class SettleHome(msgspec.Struct, frozen=True, kw_only=True, tag="settle-home"):
    """Give the files of the remote user's home to its new ids; needs the container to run.

    `owed` is the journal's "UID GID NEW_UID NEW_GID HOME".
    """

    container: str
    owed: str
    reason: str = ""

    @property
    def title(self) -> str:
        return f"Give {self.owed.split(' ', 4)[-1]} to its user's new ids"


class RunHooks(msgspec.Struct, frozen=True, kw_only=True, tag="run-hooks"):
    """Run the lifecycle commands that have not yet ended with success, in order, as `user` in `folder`.

    `keys` are theirs, for the forecast; `wait_for` names the hook after which `up` returns ("": after all).
    """

    container: str
    user: str
    folder: str
    stages: tuple[Stage, ...]
    keys: tuple[str, ...] = ()
    wait_for: str = ""
    probe: str = "loginInteractiveShell"
    remote_environment: tuple[tuple[str, str | None], ...] = ()
    dotfiles: bool = False
    reason: str = ""

    @property
    def title(self) -> str:
        hooks = list(dict.fromkeys(key.split(":")[0] for key in self.keys))
        return f"Run {', '.join(hooks)}" if hooks else "Run hooks"


Step = (
    RunInitialize
    | PullImage
    | BuildImage
    | WriteLockfile
    | BuildFeatures
    | RemoveContainer
    | CreateContainer
    | CreateStack
    | StartStack
    | PrepareContainer
    | CloneSource
    | UploadSource
    | StartContainer
    | SettleHome
    | RunHooks
)
