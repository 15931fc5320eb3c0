"""The settings that count in a container that exists: its record, and what the current file may change."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from moorage.devcontainer import jsonc, metadata, variables
from moorage.devcontainer.metadata import Merged
from moorage.errors import ConfigurationError
from moorage.events import Notice
from moorage.spec import names
from moorage.spec.observation import Container
from moorage.spec.source import GitSource, LocalFolder
from moorage.workspace.recall import identity, source_of
from moorage.workspace.site import Site


async def settings(container: Container, site: Site) -> Merged:
    """The merged configuration of a container.

    remoteUser, remoteEnv and userEnvProbe come from the current devcontainer.json where it can be had
    (specification notes, 2.3); all else, and without the file everything, from the container's label.
    """
    current = await _current(container, site)
    entries = metadata.entries_of_container(
        container.labels.get(names.METADATA), current, has_identity_labels=True
    )
    known = variables_of(container, site.environment)
    return metadata.merge([variables.substitute(entry, known) for entry in entries])


def remote_user(merged: Merged, container: Container) -> str:
    """The user of commands; the container's own has runArgs and the image's USER in it already.

    "" is the engine's default: root, who has a name only in images with an /etc/passwd.
    """
    return merged.remote_user or container.user


def folder_of(container: Container) -> str:
    """The remote workspace folder."""
    return container.labels.get(names.FOLDER) or container.working_folder or "/"


def variables_of(container: Container, environment: Mapping[str, str]) -> variables.Variables:
    """The values of variables as they were when the container was made, from its labels alone."""
    labels = container.labels
    source = source_of(labels.get(names.SOURCE, ""))
    local = source.path if isinstance(source, LocalFolder) else f"/workspaces/{labels.get(names.NAME, '')}"
    return variables.Variables(
        local_env=environment,
        local_workspace_folder=local,
        container_workspace_folder=folder_of(container),
        container_env=container.environment,
        devcontainer_id=variables.devcontainer_id(identity_labels(labels)),
    )


def identity_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that `${devcontainerId}` is made from (see `planner.configured`)."""
    if names.ID_LABELS in labels:
        return {name: labels.get(name, "") for name in labels[names.ID_LABELS].split("\n")}
    own = {names.ID: labels.get(names.ID, "")}
    if names.LOCAL_FOLDER not in labels:
        return own
    found = {name: labels[name] for name in (names.LOCAL_FOLDER, names.CONFIG_FILE) if name in labels}
    name, _ = identity(labels) or ("", "")
    return {**found, **own} if name else found


async def _current(container: Container, site: Site) -> dict[str, object]:
    """The current file's value; empty where there is none, or where it cannot be read at the moment."""
    path, data = await _file(container, site)
    if data is None:
        return {}
    try:
        return dict(jsonc.parse(data, path).value)
    except ConfigurationError as error:
        text = "devcontainer.json cannot be read now; the settings that the container was made with are used."
        site.reporter.emit(
            Notice(level="fallback", code="configuration-unreadable", text=text, hint=error.message)
        )
        return {}


async def _file(container: Container, site: Site) -> tuple[str, bytes | None]:
    labels = container.labels
    source = source_of(labels.get(names.SOURCE, ""))
    if isinstance(source, LocalFolder):
        path = posixpath.join(source.path, labels.get(names.CONFIG, ""))
        return path, _read(path)
    if isinstance(source, GitSource):
        path = posixpath.join(labels.get(names.TOP) or folder_of(container), labels.get(names.CONFIG, ""))
        return path, await _read_inside(container, site, path)
    return "", None


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - without pathlib, for the start-up time of exec
            return file.read()
    except OSError:
        return None


async def _read_inside(container: Container, site: Site, path: str) -> bytes | None:
    from moorage.engine.ustar import files  # only clones have their file inside

    archive = await site.driver.inside(container.id).read(path)
    return next(iter(files(archive).values()), None) if archive else None
