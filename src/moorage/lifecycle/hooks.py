"""Runs the lifecycle commands of a container, or joins the run that another client has begun.

The work is the runner's (runner.sh); this is its client. It may die at any moment: before its script is
complete nothing has been started, afterwards the runner goes on by itself and the next client joins it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from ..devcontainer.lifecycle import Stage
from ..drivers.base import Runs
from ..errors import DeadlineError, HookError
from ..events import Reporter
from .conversation import Conversation, Following, lost
from .dialogue import Task, script
from .environment import dropped, merge
from .log import Reader
from .markers import witnessed
from .probe import is_root, report
from .progress import Progress
from .tasks import awaited, tasks

_ROUNDS = 4

Leave = Callable[[Mapping[str, str]], Awaitable[None]]
"""Called with what the user's shell says, before anything is begun."""


class HooksOutlasted(DeadlineError):
    """The caller's time was over before the hooks were done."""

    code = "hooks-deadline"


class HooksContended(HookError):
    """Several runs of others were joined, and what this one wants was in none of them."""

    code = "hooks-contended"


class HookRun(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, in which container, as whom. Times in seconds, None for no limit.

    `instance` and `started_at` are the container's; `container_environment` is what its processes inherit.
    `done` are the keys that its journal has already (only to know what to wait for: the runner looks itself).
    `wait_for` is the hook after which `run_hooks` returns ("": after all); `remote_environment` comes in the
    order of its layers, None unsets. `folder` is where commands run; the user's home if it is not there.
    Hooks of `again` run although they are done. `created` is the container's, for the notes that the
    reference CLI looks for in `data_folder` ("": in the home).
    """

    instance: str
    started_at: str
    user: str
    folder: str
    stages: tuple[Stage, ...]
    done: tuple[str, ...] = ()
    dotfiles: Task | None = None
    wait_for: str = ""
    probe: str = "loginInteractiveShell"
    container_environment: dict[str, str] = {}
    remote_environment: tuple[tuple[str, str | None], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    hook_timeout: float | None = None
    deadline: float | None = None
    probe_seconds: int = 10
    again: tuple[str, ...] = ()
    created: str = ""
    data_folder: str = ""


class HookOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`ended` are the keys of commands that this client saw end; `background`: the rest goes on inside."""

    ended: tuple[str, ...] = ()
    adopted: bool = False
    background: bool = False


async def run_hooks(
    inside: Runs, run: HookRun, reporter: Reporter, leave: Leave | None = None
) -> HookOutcome:
    """Run what is not done, and return when all that `wait_for` asks for is.

    `leave` is for what others are to find once a hook has begun. Raises HookFailed, HookTimedOut,
    HooksOutlasted (the hooks go on inside), and what `Conversation` raises.
    """
    given = tasks(run.stages, run.started_at, run.dotfiles, run.again)
    if not given:
        return HookOutcome()
    given = witnessed(given, run.created, run.started_at, run.data_folder)
    try:
        async with asyncio.timeout(run.deadline):
            return await _rounds(inside, run, given, reporter, leave)
    except TimeoutError as error:
        raise HooksOutlasted(
            f"The lifecycle commands were not done within {run.deadline:g} seconds.",
            hint="They go on in the container; `moorage up` joins them, --timeout gives more time.",
        ) from error


def left_behind(run: HookRun, probed: Mapping[str, str]) -> bytes:
    """The lines for a runner that starts with no client present, in another container of the same workspace.

    Of the environment only what differs from the container's own: another one has its own host name. Secrets
    of a file are not in it.
    """
    given = tuple(task for task in tasks(run.stages, run.started_at, run.dotfiles) if task.mode != "always")
    own = run.container_environment
    merged = merge(own, probed, (dict(run.remote_environment),), root=is_root(run.user))
    return script(
        given,
        environment={name: value for name, value in merged.items() if own.get(name) != value},
        unset=dropped(own, merged),
        folder=run.folder,
        limit=run.hook_timeout,
    )


async def _rounds(
    inside: Runs, run: HookRun, given: tuple[Task, ...], reporter: Reporter, leave: Leave | None
) -> HookOutcome:
    """Joined runs may not have had all that is wanted, so look again after them."""
    ended: list[str] = []
    joined = False
    for _ in range(_ROUNDS):
        progress, adopted = await _round(inside, run, given, reporter, leave)
        ended += progress.ended
        joined = joined or adopted
        if progress.failure is not None:
            raise progress.failure
        if progress.enough or progress.complete or not adopted:
            break
    else:
        raise HooksContended(
            "Other clients kept running lifecycle commands in this container.",
            hint="Run `moorage up` again.",
        )
    return HookOutcome(ended=tuple(ended), adopted=joined, background=progress.enough)


async def _round(
    inside: Runs, run: HookRun, given: tuple[Task, ...], reporter: Reporter, leave: Leave | None
) -> tuple[Progress, bool]:
    waiting = awaited(given, run.wait_for, run.done)
    progress = Progress(given, waiting, reporter, limit=run.hook_timeout)
    talk = await Conversation.begin(
        inside,
        "run",
        instance=run.instance,
        user=run.user,
        probe=run.probe,
        probe_seconds=run.probe_seconds,
    )
    async with talk:
        following = await _started(talk, run, given, reporter, leave)
        reader = Reader(following.token)
        rest = talk.rest()
        while progress.over is None and not (progress.enough and not progress.complete):
            data = await anext(rest, None)
            for record in reader.feed(data) if data is not None else reader.close():
                progress.see(record)
            if data is None:
                break
        adopted = following.token != talk.token
        if not adopted and not (progress.over or progress.enough or progress.failure):
            raise lost(talk)  # a joined run that was killed is simply taken over in the next round
        return progress, adopted


async def _started(
    talk: Conversation, run: HookRun, given: tuple[Task, ...], reporter: Reporter, leave: Leave | None
) -> Following:
    answer = await talk.answer()
    if isinstance(answer, Following):
        return answer
    report(answer, run.probe, reporter)
    lasting = [task for task in given if task.mode != "always"]
    if leave is not None and awaited(lasting, "", run.done):
        await leave(answer.environment)
    secrets = dict(run.secrets)
    environment = merge(
        run.container_environment,
        answer.environment,
        (dict(run.remote_environment), secrets),
        root=is_root(run.user),
    )
    lines = script(
        given,
        environment=environment,
        unset=dropped(run.container_environment, environment),
        folder=run.folder,
        limit=run.hook_timeout,
        secrets=tuple(secrets.values()),
    )
    await talk.process.write(lines)
    following = await talk.answer()
    if not isinstance(following, Following):
        raise lost(talk)
    return following
