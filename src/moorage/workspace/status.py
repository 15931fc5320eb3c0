"""One workspace in detail, from what the engine and the journal inside say."""

from __future__ import annotations

import msgspec

from moorage.drivers.base import Listed
from moorage.spec import names, template
from moorage.spec.image import Record
from moorage.spec.observation import Container, Journal
from moorage.spec.template import Value
from moorage.workspace.find import find, shown_source
from moorage.workspace.settings import folder_of, remote_user, settings
from moorage.workspace.site import Site


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """The lifecycle commands of this container: keys such as "postCreateCommand:0"."""

    done: tuple[str, ...] = ()
    failed: str = ""
    exit_code: int = 0
    running: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`created` is in seconds since 1970, `started` as the engine has it (RFC 3339, "" for never)."""

    name: str
    workspace: str
    state: str
    source: str
    owner: str
    created: int
    container: str = ""
    container_id: str = ""
    started: str = ""
    exit_code: int = 0
    image: str = ""
    configuration: str = ""
    commit: str = ""
    user: str = ""
    folder: str = ""
    forward_ports: tuple[int | str, ...] = ()
    hooks: Hooks = Hooks()
    template: str = ""
    parameters: dict[str, Value] = {}
    """What was chosen where it was made from a template."""


async def status(text: str, site: Site) -> Status:
    """The workspace of this name or source. Raises as `find`, and EngineError."""
    listed = await find(text, site)
    plain = _listed(listed)
    if not listed.container:
        return plain
    seen = await site.driver.observe(listed.container)
    if seen.container is None:
        return plain
    merged = await settings(seen.container, site)
    return msgspec.structs.replace(
        plain,
        state=seen.container.state,
        container=seen.container.name,
        container_id=seen.container.id,
        started=seen.container.started_at,
        exit_code=seen.container.exit_code,
        image=_image(seen.container),
        configuration=seen.container.labels.get(names.CONFIG, ""),
        commit=seen.container.labels.get(names.COMMIT, ""),
        user=remote_user(merged, seen.container) or "root",
        folder=folder_of(seen.container),
        forward_ports=merged.forward_ports,
        hooks=hooks_of(seen.journal, seen.container),
    )


def hooks_of(journal: Journal, container: Container) -> Hooks:
    """What the journal says; a runner that was at work when its container ended is no longer."""
    return Hooks(
        done=journal.done,
        failed=journal.failed,
        exit_code=journal.exit_code if journal.failed else 0,
        running=journal.running and container.state == "running",
    )


def _listed(listed: Listed) -> Status:
    label = listed.labels.get(names.TEMPLATE, "")
    record = template.read(label) if label else None
    return Status(
        name=listed.name,
        workspace=listed.workspace,
        state=listed.state,
        source=shown_source(listed),
        owner=listed.owner,
        created=listed.created,
        container=listed.container,
        template=record.template if record else "",
        parameters=record.parameters if record else {},
    )


def _image(container: Container) -> str:
    """The image as it was asked for; the container itself may name it by digest."""
    try:
        return msgspec.json.decode(container.labels.get(names.RECORD, ""), type=Record).reference
    except msgspec.MsgspecError:
        return container.image
