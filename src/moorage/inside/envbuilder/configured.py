"""The devcontainer.json that was chosen, read for a workspace whose files are where its processes are."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import msgspec

from moorage.devcontainer import jsonc, metadata, variables
from moorage.devcontainer.configuration import Configuration, load, warnings
from moorage.devcontainer.metadata import Merged


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """`configuration` has its variables filled in but those of the container; `raw` is as written.

    `root` is the repository that the file is in: the workspace, or a clone for the build alone; `place` where
    the file is in the workspace.
    """

    path: str
    root: str
    place: str
    configuration: Configuration
    raw: dict[str, object]
    known: variables.Variables
    remarks: tuple[str, ...] = ()


def configured(path: str, text: bytes, folder: str, local: Mapping[str, str], root: str = "") -> Configured:
    """Raises the errors of `moorage.devcontainer`. `local` is what ${localEnv:…} means, without secrets.

    `folder` is the workspace's, here as in the container, whatever `workspaceFolder` says.
    """
    root = root or folder
    place = folder + path.removeprefix(root) if path.startswith(f"{root}/") else path
    document = jsonc.parse(text, path)
    load(document)
    known = variables.Variables(
        local_env=local,
        local_workspace_folder=folder,
        container_workspace_folder=folder,
        devcontainer_id=variables.devcontainer_id(
            {"devcontainer.local_folder": folder, "devcontainer.config_file": place}
        ),
    )
    configuration = load(document, variables.substitute(document.value, known))
    found = [f"{each.text} {each.hint}".rstrip() for each in warnings(document)]
    return Configured(
        path=path,
        root=root,
        place=place,
        configuration=configuration,
        raw=document.value,
        known=known,
        remarks=(*found, *_without_effect(configuration, folder)),
    )


def merged(label: str, configured: Configured | None, container: Mapping[str, str] | None) -> Merged:
    """The configuration over the image's `devcontainer.metadata` label (the specification's merge).

    `container` fills in ${containerEnv:…}; None leaves it as it stands.
    """
    entries = metadata.parse_label(label).entries
    if configured is None:
        known = variables.Variables(local_env={}, container_env=container)
        return metadata.merge([variables.substitute(entry, known) for entry in entries])
    known = msgspec.structs.replace(configured.known, container_env=container)
    own = metadata.entry(variables.substitute(configured.raw, known))
    return metadata.merge([*(variables.substitute(entry, known) for entry in entries), own])


def beside(path: str, name: str) -> str:
    """What a file of the configuration means by a relative name."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _without_effect(configuration: Configuration, folder: str) -> list[str]:
    """Properties that the pod or container decides, which is there already when this file is read."""
    given = {
        "mounts": configuration.mounts,
        "runArgs": configuration.run_args,
        "privileged": configuration.privileged,
        "init": configuration.init,
        "capAdd": configuration.cap_add,
        "securityOpt": configuration.security_opt,
        "hostRequirements": configuration.host_requirements,
        "workspaceMount": configuration.workspace_mount,
        "appPort": configuration.app_port,
        "initializeCommand": configuration.initialize_command,
        "postAttachCommand": configuration.post_attach_command,
    }
    found = [f"{name} has no effect: the container exists already." for name, value in given.items() if value]
    if configuration.workspace_folder and configuration.workspace_folder != folder:
        found.append(f"workspaceFolder has no effect: the workspace is in {folder}.")
    return found
