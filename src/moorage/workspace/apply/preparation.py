"""Makes a new container ready before its first start: the runner, its folders, and the user's new ids.

All of it goes in with one archive whose order makes it safe to be cut off: what is owed is written before the
ids change, and "prepared" comes last. The engine may unpack it even when we are killed while it is sent.
"""

from __future__ import annotations

import asyncio
import pkgutil

import msgspec

from moorage.devcontainer.users import UidChange, find_user, plan_uid, user_name
from moorage.engine.ustar import Entry, pack
from moorage.errors import ConfigurationError
from moorage.events import Notice
from moorage.planner.steps import PrepareContainer
from moorage.spec import journal
from moorage.spec.observation import Journal, Observation
from moorage.workspace.apply.users import text_inside
from moorage.workspace.site import Site

_ROOT = ("", "root", "0")


class RemoteUserUnknown(ConfigurationError):
    """The image has no user of the name that the configuration gives."""

    code = "remote-user-unknown"


class Ids(msgspec.Struct, frozen=True):
    """Whose the runner's folder is, and what is to change for that; `owed` as in the journal."""

    uid: int = 0
    gid: int = 0
    change: UidChange | None = None
    owed: str = ""


async def prepare(site: Site, seen: Observation, step: PrepareContainer) -> Journal:
    """Put the runner and its folders into the container, with the remote user's new ids where they change.

    Another `up`, or what a killed one had sent, may come before us: the note is looked at after the files
    that it stands before. Raises RemoteUserUnknown.
    """
    if seen.container is None:
        raise TypeError("a container is prepared after it was created")
    users = await _users(site, step)
    now = await site.driver.observe(step.container)
    if now.journal.prepared:
        return now.journal
    ids = _ids(site, users, now.journal.owed, step)
    await site.driver.inside(step.container).write("/", archive(seen.container.id, ids))
    return Journal(prepared=True, owed=ids.owed)


def archive(instance: str, ids: Ids) -> bytes:
    """What goes in: folders of the remote user, and the system's user files where they change."""
    state, logs = journal.state(instance).lstrip("/"), journal.logs(instance).lstrip("/")
    runner = pkgutil.get_data("moorage.lifecycle", "runner.sh") or b""  # loads less than importlib.resources
    owed = f"owes {ids.owed}\n".encode() if ids.owed else b""
    entries = [
        Entry(name=journal.FOLDER.lstrip("/"), folder=True, mode=0o755),
        Entry(name=journal.RUNNER.lstrip("/"), data=runner, mode=0o755),
        Entry(name=state, folder=True, mode=0o700, uid=ids.uid, gid=ids.gid),
        Entry(name=journal.LOGS.lstrip("/"), folder=True, mode=0o755),
        Entry(name=logs, folder=True, mode=0o700, uid=ids.uid, gid=ids.gid),
        _note(state, owed, ids),
    ]
    if ids.change:
        entries += [
            Entry(name="etc/passwd", data=ids.change.passwd.encode(errors="surrogateescape")),
            Entry(name="etc/group", data=ids.change.group.encode(errors="surrogateescape")),
        ]
    return pack([*entries, _note(state, owed + b"prepared\n", ids)])


def owed_by(change: UidChange) -> str:
    """What is written down of a change until the home has followed it."""
    if not change.home:
        return ""
    return f"{change.old_uid} {change.old_gid} {change.new_uid} {change.new_gid} {change.home}"


def _note(state: str, text: bytes, ids: Ids) -> Entry:
    return Entry(name=f"{state}/prepared", data=text, mode=0o600, uid=ids.uid, gid=ids.gid)


async def _users(site: Site, step: PrepareContainer) -> tuple[str, str]:
    """/etc/passwd and /etc/group, where anybody but root matters."""
    if user_name(step.user) in _ROOT:
        return "", ""
    return await asyncio.gather(
        text_inside(site, step.container, "/etc/passwd"), text_inside(site, step.container, "/etc/group")
    )


def _ids(site: Site, users: tuple[str, str], owed: str, step: PrepareContainer) -> Ids:
    name = user_name(step.user)
    if name in _ROOT:
        return Ids()
    passwd, group = users
    user = find_user(passwd, name)
    if user is None and name.isdigit():
        return Ids(int(name), int(name))
    if user is None:
        raise RemoteUserUnknown(
            f"The image has no user {name}.",
            evidence=tuple(f"/etc/passwd: {line}" for line in passwd.splitlines()[-3:]),
            hint="Correct remoteUser or containerUser, or add the user in the Dockerfile.",
        )
    if step.uid is None or step.gid is None:
        return Ids(user.uid, user.gid)
    found = plan_uid(passwd, group, step.user, step.uid, step.gid)
    if not isinstance(found, UidChange):
        if not owed:
            text = f"The ids of {name} stay as they are in the image, because {found.reason}."
            site.reporter.emit(Notice(level="info", code="user-ids-kept", text=text))
        return Ids(user.uid, user.gid, None, owed)
    return Ids(found.new_uid, found.new_gid, found, owed_by(found))
