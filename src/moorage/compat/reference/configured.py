"""The project's devcontainer.json as the reference CLI reads and prints it."""

from __future__ import annotations

import msgspec

from moorage.compat.reference.place import Place, text
from moorage.devcontainer import jsonc, variables
from moorage.devcontainer.configuration import Configuration, load
from moorage.devcontainer.legacy import modernise
from moorage.devcontainer.mounts import WorkspacePaths, format_mount, workspace_paths
from moorage.git.worktree import relative_common_dir, root

_TOOLS_ONLY = ("extensions", "settings", "devPort")


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration: `raw` as written but for what belongs to tools, `paths` None without a folder."""

    document: jsonc.Document
    raw: dict[str, object]
    variables: variables.Variables
    paths: WorkspacePaths | None = None
    configuration: Configuration

    def filled(self, identity: str) -> Configuration:
        """The typed configuration before there is a container. Raises what `load` does."""
        return load(self.document, self.value(identity=identity, container=None))

    def value(self, *, identity: str | None, container: dict[str, str] | None) -> dict[str, object]:
        """The value with its variables; those of a container (its id and environment) only where given."""
        known = msgspec.structs.replace(self.variables, devcontainer_id=identity, container_env=container)
        return variables.substitute(self.raw, known)


def configured(place: Place, environment: dict[str, str]) -> Configured | None:
    """Read the configuration; None where only a container is named. Raises what `text` and `load` do."""
    if not (place.config or place.override):
        return None
    document = jsonc.parse(text(place), place.override or place.config)
    written = load(document)
    first = variables.Variables(
        local_env=environment, local_workspace_folder=place.folder or None, container_workspace_folder=""
    )
    located = _located(written, first)
    paths = paths_of(place, located)
    folder = paths.folder if paths else located.workspace_folder
    known = msgspec.structs.replace(first, container_workspace_folder=folder)
    raw = _printed(document.value)
    return Configured(document=document, raw=raw, variables=known, paths=paths, configuration=located)


def paths_of(place: Place, configuration: Configuration) -> WorkspacePaths | None:
    """Where the project is inside; None where no folder is named."""
    if not place.folder:
        return None
    top = root(place.folder) if place.git_root else None
    return workspace_paths(place.folder, top, configuration, git_common=git_common(place, top or ""))


def git_common(place: Place, git_root: str) -> str:
    """The main repository's `.git`, where that is asked for and a whole worktree is mounted."""
    if not place.common_dir or not git_root:
        return ""
    return relative_common_dir(git_root) or ""


def shown(place: Place, value: dict[str, object]) -> dict[str, object]:
    """`configuration` of a result: the value, and where its file is."""
    if not place.config:
        return value
    return {
        **value,
        "configFilePath": {
            "$mid": 1,
            "fsPath": place.config,
            "path": place.config,
            "scheme": "file" if place.chosen else "vscode-fileHost",
        },
    }


def workspace(found: Configured) -> dict[str, object] | None:
    """`workspace` of a result: the folder inside, and the mount as `docker run --mount` takes it."""
    if found.paths is None:
        return None
    written = found.configuration.workspace_mount
    body: dict[str, object] = {"workspaceFolder": found.paths.folder}
    if written is not None:
        body["workspaceMount"] = written
    elif found.paths.mount is not None:
        body["workspaceMount"] = format_mount(found.paths.mount)
    if found.paths.common is not None:
        body["additionalMountString"] = format_mount(found.paths.common)
    return body


def _located(written: Configuration, known: variables.Variables) -> Configuration:
    """With the folder and the mount, which may use local variables, filled in."""
    return msgspec.structs.replace(
        written,
        workspace_folder=variables.substitute(written.workspace_folder, known),
        workspace_mount=variables.substitute(written.workspace_mount, known),
    )


def _printed(value: dict[str, object]) -> dict[str, object]:
    """Properties of tools at their place of today; other old names stay as they were written."""
    if not any(key in value for key in _TOOLS_ONLY):
        return value
    old = {key: value[key] for key in (*_TOOLS_ONLY, "customizations") if key in value}
    rest = {key: each for key, each in value.items() if key not in _TOOLS_ONLY and key != "customizations"}
    return {**rest, **modernise(old)}
