"""A configuration's text made into values: parsed, checked, substituted, merged with its image's metadata."""

from __future__ import annotations

import posixpath

import msgspec

from moorage.devcontainer import jsonc, metadata, variables
from moorage.devcontainer.configuration import Configuration, load
from moorage.devcontainer.metadata import Merged
from moorage.devcontainer.mounts import WorkspacePaths, workspace_paths
from moorage.planner.errors import ComposeNotYet
from moorage.planner.questions import ConfigurationFile
from moorage.planner.request import Request
from moorage.spec import names
from moorage.spec.image import ImageFacts
from moorage.spec.source import GitSource, ImageSource, LocalFolder


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """One devcontainer.json with what follows from it and from the request, before its image is known.

    `raw` is the file's value as written (what goes into labels); `configuration` has its variables filled
    in, except for those of the container's environment.
    """

    file: ConfigurationFile
    raw: dict[str, object]
    configuration: Configuration
    document: jsonc.Document
    paths: WorkspacePaths
    variables: variables.Variables
    id_labels: dict[str, str]


def configured(request: Request, file: ConfigurationFile) -> Configured:
    """Read a configuration. Raises what the devcontainer room does, `ComposeNotYet`."""
    document = jsonc.parse(file.text, _shown(request, file.path))
    written = load(document)
    _refuse_what_is_not_built_yet(request, written)
    known = _variables(request, file, written)
    value = variables.substitute(document.value, known)
    configuration = load(document, value)
    return Configured(
        file=file,
        raw=document.value,
        configuration=configuration,
        document=document,
        paths=_paths(request, configuration),
        variables=known,
        id_labels=_id_labels(request, file.path),
    )


def merged(configured: Configured, image: ImageFacts, container_environment: dict[str, str] | None) -> Merged:
    """The configuration merged over its image's metadata (specification, image metadata, merge logic).

    `container_environment` fills in ${containerEnv:…}; None leaves it as it stands.
    """
    known = msgspec.structs.replace(configured.variables, container_env=container_environment)
    entries = [variables.substitute(entry, known) for entry in image_entries(image)]
    value = variables.substitute(configured.raw, known)
    return metadata.merge([*entries, metadata.entry(value)])


def image_entries(image: ImageFacts) -> tuple[dict[str, object], ...]:
    """The metadata entries of an image's label, unsubstituted; none where it has no label or a broken one."""
    return metadata.parse_label(image.metadata).entries if image.metadata else ()


def _shown(request: Request, path: str) -> str:
    return posixpath.join(request.source.path, path) if isinstance(request.source, LocalFolder) else path


def _refuse_what_is_not_built_yet(request: Request, configuration: Configuration) -> None:
    if configuration.kind != "compose":
        return
    evidence = (f"dockerComposeFile: {configuration.docker_compose_file}",)
    if request.registry_only:
        raise ComposeNotYet(
            "This configuration uses Docker Compose, which a workspace in a cluster cannot be made of yet.",
            evidence=evidence,
            hint="Use the docker driver for it, or name the image of the one container that is needed.",
        )
    if not isinstance(request.source, LocalFolder):
        raise ComposeNotYet(
            "This repository uses Docker Compose, which moorage runs only from a folder of this machine yet.",
            evidence=evidence,
            hint="Clone it yourself, then run `moorage up` on the folder.",
        )


def _variables(request: Request, file: ConfigurationFile, written: Configuration) -> variables.Variables:
    """The variables known before a container is; the workspace's folder may itself use the local ones."""
    local = request.source.path if isinstance(request.source, LocalFolder) else ""
    first = variables.Variables(
        local_env=request.host.environment,
        local_workspace_folder=local or f"/workspaces/{request.slug}",
        container_workspace_folder="",
        devcontainer_id=variables.devcontainer_id(_id_labels(request, file.path)),
    )
    folders = {"workspaceFolder": written.workspace_folder, "workspaceMount": written.workspace_mount}
    given = variables.substitute({k: v for k, v in folders.items() if v is not None}, first)
    located = msgspec.structs.replace(
        written,
        workspace_folder=given.get("workspaceFolder"),
        workspace_mount=given.get("workspaceMount"),
    )
    return msgspec.structs.replace(first, container_workspace_folder=_paths(request, located).folder)


def _paths(request: Request, configuration: Configuration) -> WorkspacePaths:
    source = request.source
    if isinstance(source, LocalFolder):
        machine = request.host
        return workspace_paths(
            source.path, machine.git_root or None, configuration, git_common=machine.git_common
        )
    if isinstance(source, ImageSource):
        return WorkspacePaths(root="", mount=None, folder=configuration.workspace_folder or "/")
    top = f"/workspaces/{_repository_name(source)}"
    return workspace_paths(
        posixpath.join(top, source.subfolder) if source.subfolder else top, top, configuration
    )


def _repository_name(source: GitSource) -> str:
    from moorage.spec.source import default_name

    return default_name(msgspec.structs.replace(source, subfolder=None, pull_request=None))


def _id_labels(request: Request, path: str) -> dict[str, str]:
    """The labels that the reference CLI identifies a container by; our own id where it has none."""
    if request.id_labels:
        return dict(request.id_labels)
    if not isinstance(request.source, LocalFolder):
        return {names.ID: request.workspace}
    labels = {
        names.LOCAL_FOLDER: request.source.path,
        names.CONFIG_FILE: posixpath.join(request.source.path, path),
    }
    return {**labels, names.ID: request.workspace} if request.name else labels
