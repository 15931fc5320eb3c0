"""The step that clones a Git source into the workspace's volume, in a helper container."""

from __future__ import annotations

from collections import deque

import msgspec

from moorage.drivers.base import Helper
from moorage.events import LogLine
from moorage.facts.image import on_engine
from moorage.git.access import find
from moorage.git.client import ls_remote
from moorage.git.clone import AGENT_SOCKET, CloneProgram, clone_program, failed
from moorage.git.failure import login_required
from moorage.planner.learning import Result
from moorage.planner.request import Request
from moorage.planner.steps import CloneSource
from moorage.spec import names
from moorage.spec.run import Mount
from moorage.spec.source import GitSource
from moorage.workspace.apply.image import ensure_pulled
from moorage.workspace.apply.users import user_inside
from moorage.workspace.site import Site

_TAIL = 20


async def clone_source(request: Request, site: Site, step: CloneSource) -> Result:
    """Clone at the pinned commit; complete or not visible, and nothing when it is complete already.

    Raises the errors of the git room.
    """
    source = request.source
    if not isinstance(source, GitSource):
        raise TypeError("only Git sources are cloned")
    if await site.driver.inside(step.container).exists(step.folder):
        return Result()
    resolved = msgspec.structs.replace(await ls_remote(source, environ=site.environment), commit=step.commit)
    access = await find(source, environ=site.environment)
    if access.credential:
        site.reporter.add((access.credential.password,))
    owner = await user_inside(site, step.container, step.user)
    program = clone_program(
        source,
        resolved,
        access,
        directory=step.folder,
        submodules=step.submodules,
        lfs=step.lfs,
        partial=True,
        owner_uid=owner.uid if owner else None,
        owner_gid=owner.gid if owner else None,
    )
    if program.needs_ssh_agent and not program.ssh_agent:
        raise login_required(source.url)
    tail: deque[str] = deque(maxlen=_TAIL)

    def tell(line: str) -> None:
        tail.append(line)
        site.reporter.emit(LogLine(step="clone-source", text=line))

    if await on_engine(site.engine, site.options.git_image) is None:
        await ensure_pulled(site, site.options.git_image, "clone-source")
    code = await site.driver.run_helper(_helper(request, site, step, program), tell)
    if code:
        raise failed(source, code, tuple(tail))
    return Result()


def _helper(request: Request, site: Site, step: CloneSource, program: CloneProgram) -> Helper:
    mounts = [Mount(kind="volume", source=step.volume, target=step.mount)]
    mounts += [Mount(kind="bind", source=path, target=path, read_only=True) for path in program.host_paths]
    if program.ssh_agent:
        mounts.append(Mount(kind="bind", source=program.ssh_agent, target=AGENT_SOCKET))
    return Helper(
        name=names.helper_name(request.slug, request.workspace),
        image=site.options.git_image,
        argv=program.argv,
        environment=program.environment,
        stdin=program.stdin,
        mounts=tuple(mounts),
        labels=((names.ID, request.workspace), (names.OWNER, request.host.owner)),
        host_network=program.needs_host_network,
    )
