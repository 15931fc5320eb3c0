"""A program of the image: its output, its end, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from moorage.inside.executor.running import process
from moorage.inside.executor.users import Identity

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="another user takes root")

ME = Identity(uid=0, gid=0, groups=(0,), home="/root")


async def ran(
    *command: str, identity: Identity = ME, folder: str = "/", **environment: str
) -> tuple[int, list[str]]:
    lines: list[str] = []
    ended = await process.run(
        command,
        environment={"PATH": os.environ["PATH"], **environment},
        identity=identity,
        folder=folder,
        root="/",
        say=lines.append,
    )
    assert list(ended.last) == lines[-40:]
    return ended.status, lines


async def test_output_comes_by_lines_of_both_streams() -> None:
    status, lines = await ran("sh", "-c", "echo one; echo two >&2; printf '10%%\\r20%%\\nend'; exit 7")
    assert (status, lines) == (7, ["one", "two", "20%", "end"])


async def test_nothing_of_ours_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_BUILDER", "x")
    _, lines = await ran(sys.executable, "-c", "import os; print(sorted(os.environ))", A="1")
    assert "SECRET_OF_THE_BUILDER" not in lines[0]
    assert "'A'" in lines[0]


async def test_it_is_the_user_with_its_groups(tmp_path: Path) -> None:
    identity = Identity(uid=4321, gid=77, groups=(77, 29), home="/")
    _, lines = await ran("sh", "-c", "id -u; id -g; id -G; umask; pwd", identity=identity, folder="/usr")
    assert lines == ["4321", "77", "77 29", "0022", "/usr"]


async def test_what_it_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    """It holds the pipe, is in a session of its own, and is nobody's child any more."""
    mark = tmp_path / "pid"
    await ran(
        "sh", "-c", f"setsid sh -c 'echo $$ >{mark}; exec sleep 600' & while ! test -s {mark}; do :; done"
    )
    assert not Path("/proc", mark.read_text().strip()).exists()


async def test_cancelled_it_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    running = asyncio.ensure_future(
        ran("sh", "-c", f"trap '' TERM; echo $$ >{mark}.new; mv {mark}.new {mark}; sleep 600")
    )
    while not mark.exists():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not Path("/proc", mark.read_text().strip()).exists()


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-program"):
        await ran("no-such-program")


async def test_afterwards_others_orphans_are_not_ours() -> None:
    """Who is not asked for would never be waited for, and stay a zombie."""
    await ran("true")
    leaving = 'import subprocess; print(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL).pid)'
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", leaving, stdout=asyncio.subprocess.PIPE
    )
    orphan = int((await child.communicate())[0])
    try:
        stat = Path(f"/proc/{orphan}/stat").read_text()
        assert int(stat.rpartition(")")[2].split()[1]) != os.getpid()
    finally:
        os.kill(orphan, signal.SIGKILL)
