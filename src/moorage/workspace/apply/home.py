"""The step that gives the files of a home folder to its user's new ids."""

from __future__ import annotations

import io

import msgspec

from moorage.errors import EngineError
from moorage.events import Notice
from moorage.planner.facts import Facts
from moorage.planner.learning import Result
from moorage.planner.plan import observe
from moorage.planner.request import Request
from moorage.planner.steps import SettleHome
from moorage.spec import journal
from moorage.spec.observation import Observation
from moorage.workspace.site import Site

_NO_TOOLS = (3, 126, 127)


async def settle_home(request: Request, site: Site, facts: Facts, step: SettleHome) -> Result:
    """By the runner inside; where the image has no shell or chown, by an archive out and back in."""
    seen = facts.need(observe(request), Observation)
    if seen.container is None:
        raise TypeError("a home is settled in a container")
    code = await _by_runner(site, seen.container.id, step)
    if code in _NO_TOOLS:
        await _by_archive(site, seen.container.id, step)
    elif code:
        text = f"Some files of {step.title.split()[1]} keep the user's old ids (exit code {code})."
        hint = "Look at their owners; or set updateRemoteUserUID to false."
        site.reporter.emit(Notice(level="warning", code="home-not-owned", text=text, hint=hint))
    return Result(journal=msgspec.structs.replace(seen.journal, owed=""))


async def _by_runner(site: Site, instance: str, step: SettleHome) -> int:
    argv = ("/bin/sh", journal.RUNNER, "own", journal.state(instance), *step.owed.split(" ", 4))
    try:
        process = await site.driver.inside(step.container).run(argv, user="0:0", folder="/")
    except EngineError:
        return _NO_TOOLS[-1]
    try:
        async for _ in process.output():
            pass
        return await process.wait()
    finally:
        await process.close()


async def _by_archive(site: Site, instance: str, step: SettleHome) -> None:
    import tarfile  # only for images that have no tools

    old_uid, old_gid, new_uid, new_gid, home = step.owed.split(" ", 4)
    inside = site.driver.inside(step.container)
    archive = await inside.read(home)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as rewritten:
        if archive is not None:
            with tarfile.open(fileobj=io.BytesIO(archive)) as members:
                for member in members:
                    member.uid = int(new_uid) if member.uid == int(old_uid) else member.uid
                    member.gid = int(new_gid) if member.gid == int(old_gid) else member.gid
                    rewritten.addfile(member, members.extractfile(member) if member.isreg() else None)
    await inside.write(home.rpartition("/")[0] or "/", out.getvalue())
    await inside.write("/", _settled(instance, int(new_uid), int(new_gid)))


def _settled(instance: str, uid: int, gid: int) -> bytes:
    """What stands in a container that owes nothing."""
    from moorage.engine.ustar import Entry, pack

    name = f"{journal.state(instance).lstrip('/')}/prepared"
    return pack([Entry(name=name, data=b"prepared\n", mode=0o600, uid=uid, gid=gid)])
