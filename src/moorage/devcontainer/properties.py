"""What a devcontainer.json may say, as typed data: image, Dockerfile and Compose configurations."""

# No `from __future__ import annotations`: msgspec would evaluate every annotation again, 1 ms at each start.

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, field

from moorage.errors import ConfigurationError

HookValue: TypeAlias = str | tuple[str, ...] | dict[str, str | tuple[str, ...]]
"""A shell command line; a program with its arguments; or named commands that run side by side."""

WaitFor: TypeAlias = Literal[
    "initializeCommand", "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand"
]
UserEnvProbe: TypeAlias = Literal["none", "loginShell", "loginInteractiveShell", "interactiveShell"]
ShutdownAction: TypeAlias = Literal["none", "stopContainer", "stopCompose"]
OnAutoForward: TypeAlias = Literal[
    "notify", "openBrowser", "openBrowserOnce", "openPreview", "silent", "ignore"
]

PortNumber: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]
HostAndPort: TypeAlias = Annotated[str, Meta(pattern=r"\$\{|^([\w.-]+:)?[0-9]{1,5}$")]
Size: TypeAlias = Annotated[str, Meta(pattern=r"\$\{|^[0-9]+([tgmkTGMK][bB])?$")]
AtLeastZero: TypeAlias = Annotated[int, Meta(ge=0)]


class NothingToRun(ConfigurationError):
    """Neither an image nor a Dockerfile nor a Compose file is named."""

    code = "nothing-to-run"


class PortAttributes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How tools present one forwarded port."""

    label: str | None = None
    protocol: Literal["http", "https"] | None = None
    on_auto_forward: OnAutoForward | None = None
    require_local_port: bool | None = None
    elevate_if_needed: bool | None = None


class MountObject(msgspec.Struct, frozen=True, kw_only=True):
    """A mount in its object form; without a source, a volume is anonymous."""

    type: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str | None = None
    external: bool | None = None


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """What a GPU must offer."""

    cores: AtLeastZero | None = None
    memory: Size | None = None


class HostRequirements(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine should offer; sizes as written ("8gb", or bytes)."""

    cpus: AtLeastZero | None = None
    memory: Size | None = None
    storage: Size | None = None
    gpu: bool | Literal["optional"] | Gpu | None = None


class SecretDeclaration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A secret that the project recommends; its value comes from the user."""

    description: str | None = None
    documentation_url: str | None = None


class Build(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How to build the image; paths are relative to the configuration's folder."""

    dockerfile: str | None = None
    context: str | None = None
    args: dict[str, str] = {}
    target: str | None = None
    cache_from: str | tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def caches(self) -> tuple[str, ...]:
        """`cacheFrom` in its list form."""
        return (self.cache_from,) if isinstance(self.cache_from, str) else self.cache_from


class Persisted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The properties that image labels keep as well (the specification's merge works on these).

    None is "not given", and so is a `null` in the file.
    """

    init: bool | None = None
    privileged: bool | None = None
    cap_add: tuple[str, ...] | None = None
    security_opt: tuple[str, ...] | None = None
    mounts: tuple[str | MountObject, ...] | None = None
    on_create_command: HookValue | None = None
    update_content_command: HookValue | None = None
    post_create_command: HookValue | None = None
    post_start_command: HookValue | None = None
    post_attach_command: HookValue | None = None
    wait_for: WaitFor | None = None
    container_user: str | None = None
    remote_user: str | None = None
    user_env_probe: UserEnvProbe | None = None
    container_env: dict[str, str] | None = None
    remote_env: dict[str, str | None] | None = None
    override_command: bool | None = None
    update_remote_user_uid: bool | None = field(default=None, name="updateRemoteUserUID")
    ports_attributes: dict[str, PortAttributes] | None = None
    other_ports_attributes: PortAttributes | None = None
    forward_ports: tuple[PortNumber | HostAndPort, ...] | None = None
    shutdown_action: ShutdownAction | None = None
    host_requirements: HostRequirements | None = None
    customizations: dict[str, object] | None = None


class Configuration(Persisted, frozen=True, kw_only=True, rename="camel"):
    """One devcontainer.json under today's names (legacy keys are moved before)."""

    schema_url: str | None = field(default=None, name="$schema")
    name: str | None = None
    features: dict[str, object] = {}
    override_feature_install_order: tuple[str, ...] = ()
    secrets: dict[str, SecretDeclaration] = {}
    initialize_command: HookValue | None = None

    image: str | None = None
    build: Build | None = None
    app_port: int | str | tuple[int | str, ...] = ()
    run_args: tuple[str, ...] = ()
    workspace_mount: str | None = None
    workspace_folder: str | None = None

    docker_compose_file: str | tuple[str, ...] | None = None
    service: str | None = None
    run_services: tuple[str, ...] | None = None

    @property
    def kind(self) -> Literal["dockerfile", "image", "compose"]:
        """What the container is made from, in the reference's order of precedence. Raises NothingToRun."""
        if self.build is not None and self.build.dockerfile:
            return "dockerfile"
        if self.image:
            return "image"
        if self.docker_compose_file is not None:
            return "compose"
        raise NothingToRun(
            "The configuration names nothing to run.",
            hint='Add "image", "build.dockerfile" or "dockerComposeFile" to devcontainer.json.',
        )

    @property
    def published_ports(self) -> tuple[int | str, ...]:
        """`appPort` in its list form."""
        return self.app_port if isinstance(self.app_port, tuple) else (self.app_port,)
