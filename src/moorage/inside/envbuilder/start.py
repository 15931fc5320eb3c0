"""`moorage-inside envbuilder`: parts with the secrets, runs the flow, and becomes what was asked for."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import MutableMapping

from moorage.errors import MoorageError, UsageError
from moorage.events import Redacting, Silent
from moorage.inside.envbuilder.flow import Flow, Started, tell
from moorage.inside.envbuilder.handover import become
from moorage.inside.envbuilder.inplace import InPlace, content, mirrors
from moorage.inside.envbuilder.leaving import Parted, parted
from moorage.inside.envbuilder.logins import logins
from moorage.inside.envbuilder.options import Options, parse
from moorage.inside.envbuilder.repository import Say
from moorage.inside.executor.unseen import hide

FAILED, WRONG, TERMINATED = 1, 2, 143


def main(environ: MutableMapping[str, str]) -> int:
    """The exit code where there is no workspace; else this never comes back."""
    hide()
    both = parted(environ)
    for name in both.taken:
        del environ[name]
    try:
        read = parse({**both.kept, **both.taken})
    except UsageError as error:
        tell(error, _print)
        return WRONG
    say = _saying(read.options)
    for remark in read.remarks:
        say(remark)
    try:
        started = asyncio.run(_run(read.options, both, say))
    except (MoorageError, OSError) as error:
        tell(error, say)
        return FAILED
    if started is None:
        return TERMINATED
    say(f"Starting {started.ending.command} as {started.person.name}.")
    code = become(started.ending, started.person, started.folder, started.variables)
    say(f"{started.ending.command} cannot be started.")
    return code


async def _run(options: Options, both: Parted, say: Say) -> Started | None:
    """None where we were told to end: a container's first process ends by a signal only if it listens."""
    found = logins(options, both.taken, content)
    if found.place:
        say(f"{found.place} stays where it is mounted: who may read it in the workspace has these logins.")
    flow = Flow(options, both.kept, both.taken, InPlace(options, found, mirrors(both.kept), say), say)
    work = asyncio.ensure_future(flow.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        return None


def _saying(options: Options) -> Say:
    """Prints lines, in which secrets are asterisks."""
    hidden = [value for _, value in options.build_secrets]
    hidden += [options.git_password, options.coder_agent_token]
    redacting = Redacting(Silent(), hidden)
    return lambda line: _print(redacting.text(line))


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
