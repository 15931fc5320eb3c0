"""What the workspace's container is to be: the `RunSpec`, its users and what runs in it."""

from __future__ import annotations

from typing import Literal

import msgspec

from moorage.devcontainer.configuration import Configuration
from moorage.devcontainer.lifecycle import Stage, stages
from moorage.devcontainer.metadata import Merged, entry, write_label
from moorage.devcontainer.mounts import Mount as WrittenMount
from moorage.devcontainer.mounts import parse_mount
from moorage.devcontainer.users import container_user, remote_user
from moorage.planner.compose import stack
from moorage.planner.configured import Configured, image_entries, merged
from moorage.planner.errors import MountUnsupported, RunArgsUnsupported
from moorage.planner.facts import Facts
from moorage.planner.image import Chosen
from moorage.planner.questions import AskEngine, ConfigurationFile, ListNames, TakenName
from moorage.planner.request import Request
from moorage.spec import names
from moorage.spec.image import Record
from moorage.spec.observation import Container, EngineFacts
from moorage.spec.run import Content, Difference, Mount, Port, Resources, RunSpec, differences
from moorage.spec.source import GitSource, LocalFolder, Source


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The container that the configuration asks for, and where the one that exists differs from it.

    `uid` and `gid` are the ids that `remote_user` should get, None to leave them.
    """

    spec: RunSpec
    merged: Merged
    stages: tuple[Stage, ...]
    remote_user: str
    folder: str
    differences: tuple[Difference, ...] = ()
    uid: int | None = None
    gid: int | None = None
    remote_environment: tuple[tuple[str, str | None], ...] = ()


def wanted(
    request: Request, facts: Facts, configuration: Configured, chosen: Chosen, container: Container | None
) -> Wanted:
    """Everything about the container that can be said before it exists; compared with the one that does."""
    before = merged(configuration, chosen.image, None)
    live = merged(configuration, chosen.image, container.environment) if container else before
    user = remote_user(live, _run_args(request, configuration), chosen.image.user)
    uid, gid = _ids(request, facts, live, user, container)
    spec = _spec(request, facts, configuration, before, chosen, container)
    spec = msgspec.structs.replace(spec, remote_user=user)
    return Wanted(
        spec=spec,
        merged=live,
        stages=stages(live),
        remote_user=user,
        folder=configuration.paths.folder,
        differences=_differences(container, spec, chosen.misses),
        uid=uid,
        gid=gid,
        remote_environment=tuple(live.remote_env.items()),
    )


def record_of(container: Container | None) -> Record | None:
    """What a container remembers of its image; None where it is not ours or cannot be read."""
    text = container.labels.get(names.RECORD) if container else None
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _differences(
    container: Container | None, spec: RunSpec, misses: tuple[str, ...]
) -> tuple[Difference, ...]:
    """Why the container is not what the configuration says; an image is explained by what is in it."""
    if container is None or names.SPEC not in container.labels:
        return ()
    found = differences(container.labels[names.SPEC], spec)
    if not misses:
        return found
    image = tuple(Difference(field="image", text=text) for text in misses)
    return (*image, *(each for each in found if each.field != "image"))


def _ids(
    request: Request, facts: Facts, merged: Merged, user: str, container: Container | None
) -> tuple[int | None, int | None]:
    """This machine's ids for the remote user, where the specification wants them (updateRemoteUserUID).

    A root host has nothing to give, numeric users and root keep theirs, and behind an engine elsewhere the
    ids of this machine mean nothing.
    """
    nobody = (None, None)
    if request.host.uid in (None, 0) or not _updates_uid(request, merged):
        return nobody
    if user in ("", "root") or user.isdigit() or not isinstance(request.source, LocalFolder):
        return nobody
    if container is None or container.state == "created":
        engine = facts.need(AskEngine(), EngineFacts)
        if engine.rootless or not engine.local:
            return nobody
    return request.host.uid, request.host.gid


def _updates_uid(request: Request, merged: Merged) -> bool:
    if request.update_uid == "never":
        return False
    asked = merged.update_remote_user_uid
    return request.update_uid == "on" if asked is None else asked


def _spec(
    request: Request,
    facts: Facts,
    configuration: Configured,
    merged: Merged,
    chosen: Chosen,
    container: Container | None,
) -> RunSpec:
    own = configuration.configuration
    environment = {**merged.container_env, **dict(request.environment)}
    around = stack(request, facts, configuration) if own.kind == "compose" else None
    furnished = container.furnished if container else facts.need(AskEngine(), EngineFacts).furnishes
    return RunSpec(
        image=chosen.image.reference,
        workspace=request.workspace,
        name=request.container,
        content=_content(request, configuration, copied=furnished),
        mounts=_mounts(request, configuration, merged),
        environment=tuple(environment.items()),
        user=container_user(merged, (), "") or "",
        override_command=_overrides(own, merged),
        entrypoints=merged.entrypoints,
        init=merged.init,
        privileged=merged.privileged,
        cap_add=merged.cap_add,
        security_opt=merged.security_opt,
        ports=() if around else _ports(own),
        gpu=_gpu(request, facts, merged, container),
        extras=() if around else _run_args(request, configuration),
        labels=_labels(request, facts, configuration, chosen, container),
        stack=around,
        resources=_resources(merged) if furnished else Resources(),
    )


def _run_args(request: Request, configuration: Configured) -> tuple[str, ...]:
    """The file's own and the request's, which win. Raises RunArgsUnsupported."""
    if request.run_args and configuration.configuration.kind == "compose":
        raise RunArgsUnsupported(
            "The workspace is a Compose project, which takes no runArgs from outside.",
            evidence=(" ".join(request.run_args),),
            hint="Write limits and the like into its own Compose files, and use no template that sets them.",
        )
    return (*configuration.configuration.run_args, *request.run_args)


def _overrides(own: Configuration, merged: Merged) -> bool:
    """Whether the container waits by a command of ours: by default, but with Compose only where told to."""
    return merged.override_command is True if own.kind == "compose" else merged.override_command is not False


def _resources(merged: Merged) -> Resources:
    """hostRequirements, where they choose a machine."""
    needs = merged.host_requirements
    return Resources(cpus=needs.cpus or 0, memory=needs.memory or 0, storage=needs.storage or 0)


def _content(request: Request, configuration: Configured, *, copied: bool) -> Content:
    mount = configuration.paths.mount
    if isinstance(request.source, GitSource):
        return _clone_content(request, configuration.file, mount)
    if mount is None or not isinstance(request.source, LocalFolder) or not _shows_the_folder(mount):
        return Content(kind="none")
    return Content(kind="upload" if copied else "bind", source=mount.source or "", target=mount.target)


def _clone_content(request: Request, file: ConfigurationFile, mount: WrittenMount | None) -> Content:
    if mount is None:
        return Content(kind="none")
    if mount.target.rstrip("/").count("/") < 2:
        raise MountUnsupported(
            f"A cloned repository cannot be mounted at {mount.target}, directly under the root folder.",
            hint="Let workspaceMount's target lie one folder deeper, such as /workspaces/project.",
        )
    return Content(
        kind="clone",
        source=request.canonical,
        target=mount.target.rstrip("/"),
        volume=request.volume,
        commit=file.commit,
    )


def _mounts(request: Request, configuration: Configured, merged: Merged) -> tuple[Mount, ...]:
    own, common = configuration.paths.mount, configuration.paths.common
    special = own is not None and isinstance(request.source, LocalFolder) and not _shows_the_folder(own)
    paths = [*([own] if own and special else []), *([common] if common else [])]
    written = [*paths, *merged.mounts, *map(parse_mount, request.mounts)]
    by_target = {mount.target: mount for mount in written}
    return tuple(_mount(mount) for mount in by_target.values())


def _shows_the_folder(mount: WrittenMount) -> bool:
    """Whether a `workspaceMount` is the usual one; volumes, memory and read-only ones are mounts as any."""
    return mount.kind == "bind" and not mount.read_only


def _mount(mount: WrittenMount) -> Mount:
    kinds: dict[str, Literal["bind", "volume", "tmpfs"]] = {
        "bind": "bind",
        "volume": "volume",
        "tmpfs": "tmpfs",
    }
    if mount.kind not in kinds:
        raise MountUnsupported(
            f"A mount of type {mount.kind} is not supported.", hint="Use bind, volume or tmpfs."
        )
    return Mount(
        kind=kinds[mount.kind],
        target=mount.target,
        source=mount.source,
        read_only=mount.read_only,
        options=tuple((name, value or "") for name, value in mount.options),
    )


def _ports(own: Configuration) -> tuple[Port, ...]:
    return tuple(
        Port(text=f"127.0.0.1:{port}:{port}" if isinstance(port, int) else port)
        for port in own.published_ports
    )


def _gpu(request: Request, facts: Facts, merged: Merged, container: Container | None) -> bool:
    """Whether to ask for a GPU: "optional" takes what is there, anything else that is set demands it."""
    need = merged.host_requirements.gpu
    if need is None or request.gpu == "none":
        return False
    if container is not None:
        spec = container.labels.get(names.SPEC, "")
        return '"gpu":true' in spec
    return facts.need(AskEngine(), EngineFacts).gpu if need == "optional" or request.gpu == "detect" else True


def _labels(
    request: Request,
    facts: Facts,
    configuration: Configured,
    chosen: Chosen,
    container: Container | None,
) -> tuple[tuple[str, str], ...]:
    if container is not None:
        return ()
    own = entry(configuration.raw)
    if not request.labelled_remote_env:
        own.pop("remoteEnv", None)
    entries = [*image_entries(chosen.image), own]
    labels = {
        names.ID: request.workspace,
        names.NAME: _name(request, facts),
        names.SOURCE: request.canonical,
        names.OWNER: request.host.owner,
        names.CONFIG: configuration.file.path,
        names.FOLDER: configuration.paths.folder,
        names.TOP: _top(request, configuration),
        names.METADATA: write_label([each for each in entries if each]),
        names.RECORD: msgspec.json.encode(chosen.record).decode(),
    }
    if configuration.file.commit:
        labels[names.COMMIT] = configuration.file.commit
    if request.template:
        labels[names.TEMPLATE] = request.template
    if request.id_labels:
        labels[names.ID_LABELS] = "\n".join(name for name, _ in request.id_labels)
    return tuple({**labels, **configuration.id_labels}.items())


def _top(request: Request, configuration: Configured) -> str:
    mount = configuration.paths.mount
    top = mount.target.rstrip("/") if mount else configuration.paths.folder
    below = _below(request.source, mount)
    return f"{top}/{below}" if below else top


def _below(source: Source, mount: WrittenMount | None) -> str:
    """Where the source's folder is in what is mounted, which may be the whole repository around it."""
    if isinstance(source, GitSource):
        return source.subfolder or ""
    if mount is None or not mount.source or not isinstance(source, LocalFolder):
        return ""
    around = mount.source.rstrip("/") + "/"
    return source.path.removeprefix(around) if source.path.startswith(around) else ""


def _name(request: Request, facts: Facts) -> str:
    """The workspace's name: as asked, or the source's, with a short hash when another workspace has that.

    It stays what it is when a container is made anew, whoever else came or went meanwhile.
    """
    if request.name:
        return request.name
    taken = [each for each in facts.need(ListNames(), tuple) if isinstance(each, TakenName)]
    hashed = f"{request.slug}-{request.workspace[:4]}"
    own = {each.name for each in taken if each.workspace == request.workspace}
    others = {each.name for each in taken if each.workspace != request.workspace}
    for name in (request.slug, hashed):
        if name in own:
            return name
    return hashed if request.slug in others else request.slug
