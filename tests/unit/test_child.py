"""Programs end with all that they have started: asked to, deaf to it, and when we are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from moorage import child as module
from moorage.child import dies_with_us, end, signal_group

DEAF = "trap '' TERM; sleep 60 & echo $!; wait; wait"
OURS = """
import asyncio, sys
from moorage.child import dies_with_us
async def main():
    child = await asyncio.create_subprocess_exec(
        "sleep", "60", preexec_fn=dies_with_us(), start_new_session=True, stdout=asyncio.subprocess.DEVNULL
    )
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""


LISTENS = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(0, flush=True)
signal.pause()
"""
# The shell ends at the signal, its child does not and holds the shell's output open.
LEFT_BEHIND = "trap 'exit 7' TERM; (trap '' TERM; echo $(exec sh -c 'echo $PPID'); exec sleep 60) & wait"


async def started(script: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "sh", "-c", script, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )


async def line(child: asyncio.subprocess.Process) -> int:
    assert child.stdout is not None
    return int(await child.stdout.readline())


async def gone(process: int) -> bool:
    """Ended, or a zombie that waits for a parent that is no child of ours."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        await asyncio.sleep(0.01)
    return False


async def test_one_that_listens_ends_by_itself() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LISTENS, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    await line(child)
    await end(child, 30)
    assert child.returncode == 7


async def test_a_deaf_child_of_one_that_listens_is_ended_and_its_pipe_closed() -> None:
    child = await started(LEFT_BEHIND)
    below = await line(child)
    await end(child, 0.05)
    assert child.returncode == 7
    assert child.stdout is not None
    assert child.stdout.at_eof()
    assert await gone(below)


async def test_a_deaf_one_is_ended_with_its_children() -> None:
    child = await started(DEAF)
    below = await line(child)
    await end(child, 0.05)
    assert child.returncode == -signal.SIGKILL
    assert await gone(below)


async def test_output_that_nobody_reads_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that is full is not read on, so its end does not come either."""
    monkeypatch.setattr(module, "_LAST", 0.05)
    child = await started("yes")
    await asyncio.sleep(0.2)
    async with asyncio.timeout(20):
        await end(child, 0.05)
    assert await gone(child.pid)
    assert child.stdout is not None
    await child.stdout.read()
    await child.wait()


async def test_one_that_has_ended_is_left_alone() -> None:
    child = await started("exit 3")
    await child.wait()
    await end(child, 1)
    signal_group(child, signal.SIGTERM)
    assert child.returncode == 3


async def test_cancelling_does_not_leave_it_behind() -> None:
    child = await started(DEAF)
    below = await line(child)
    ending = asyncio.ensure_future(end(child, 60))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert await gone(child.pid)
    assert await gone(below)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
async def test_it_dies_with_us_however_we_go() -> None:
    ours = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OURS, stdout=asyncio.subprocess.PIPE, env={**os.environ}
    )
    theirs = await line(ours)
    ours.kill()
    await ours.communicate()
    assert await gone(theirs)
    assert dies_with_us() is not None
