"""Makes a new container ready before its first start, and settles afterwards what only a running one can.

Everything that the first start needs goes in with one archive: the runner, an empty journal, and changed user
ids. An up that is cut off around it finds either nothing of it or all of it.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files as resources

from moorage.devcontainer.users import UidChange, User, find_user, plan_uid, user_name
from moorage.engine.ustar import Entry, pack
from moorage.events import LogLine, Notice
from moorage.planner.request import Request
from moorage.planner.steps import PrepareContainer
from moorage.spec import journal
from moorage.spec.observation import Journal, Observation
from moorage.workspace.apply.users import text_inside
from moorage.workspace.site import Site

_CANNOT_CHOWN = (126, 127, 3)


async def prepare(request: Request, site: Site, instance: str, step: PrepareContainer) -> Journal:
    """Put the runner and the journal into the container, with the remote user's new ids where they change."""
    user = user_name(step.user)
    passwd, group = "", ""
    if user not in ("", "root", "0"):
        passwd, group = await asyncio.gather(
            text_inside(site, step.container, "/etc/passwd"), text_inside(site, step.container, "/etc/group")
        )
    change = _change(site, step, passwd, group)
    uid, gid = _ids(find_user(passwd, user), user, change)
    await site.driver.inside(step.container).write("/", archive(instance, uid, gid, change))
    return Journal(prepared=True, owed=_owed(change))


async def settle(site: Site, container: str, seen: Observation) -> None:
    """Give the files of the home to the user's new ids, once the container runs; again if it was cut off."""
    if not seen.journal.owed or seen.container is None:
        return
    words = seen.journal.owed.split(" ", 4)
    argv = ("/bin/sh", journal.RUNNER, "own", journal.state(seen.container.id), *words)
    process = await site.driver.inside(container).run(argv, user="0:0", folder="/")
    async for _, chunk in process.output():
        site.reporter.emit(LogLine(step="start-container", text=chunk.decode(errors="replace").rstrip()))
    code = await process.wait()
    await process.close()
    if code:
        site.reporter.emit(
            Notice(
                level="warning",
                code="home-not-owned",
                text=f"Files in {words[-1]} keep the user's old ids (exit code {code}).",
                hint="The image needs chown for this; or set updateRemoteUserUID to false.",
            )
        )


def archive(instance: str, uid: int, gid: int, change: UidChange | None) -> bytes:
    """What goes in: folders of the remote user, and the system's user files where they change."""
    state, logs = journal.state(instance).lstrip("/"), journal.logs(instance).lstrip("/")
    runner = (resources("moorage.lifecycle") / "runner.sh").read_bytes()
    owed = f"owes {_owed(change)}\n" if change and change.home else ""
    entries = [
        Entry(name=journal.FOLDER.lstrip("/"), folder=True, mode=0o755),
        Entry(name=journal.RUNNER.lstrip("/"), data=runner, mode=0o755),
        Entry(name=state, folder=True, mode=0o700, uid=uid, gid=gid),
        Entry(name=journal.LOGS.lstrip("/"), folder=True, mode=0o755),
        Entry(name=logs, folder=True, mode=0o700, uid=uid, gid=gid),
    ]
    if change:
        entries += [
            Entry(name="etc/passwd", data=change.passwd.encode(errors="surrogateescape")),
            Entry(name="etc/group", data=change.group.encode(errors="surrogateescape")),
        ]
    text = f"prepared\n{owed}".encode()
    return pack([*entries, Entry(name=f"{state}/journal", data=text, mode=0o600, uid=uid, gid=gid)])


def _change(site: Site, step: PrepareContainer, passwd: str, group: str) -> UidChange | None:
    if step.uid is None or step.gid is None:
        return None
    found = plan_uid(passwd, group, step.user, step.uid, step.gid)
    if isinstance(found, UidChange):
        return found
    text = f"The ids of {step.user} stay as they are in the image, because {found.reason}."
    site.reporter.emit(Notice(level="info", code="user-ids-kept", text=text))
    return None


def _ids(user: User | None, name: str, change: UidChange | None) -> tuple[int, int]:
    if change:
        return change.new_uid, change.new_gid
    if user:
        return user.uid, user.gid
    return (int(name), int(name)) if name.isdigit() else (0, 0)


def _owed(change: UidChange | None) -> str:
    if change is None or not change.home:
        return ""
    return f"{change.old_uid} {change.old_gid} {change.new_uid} {change.new_gid} {change.home}"
