"""Images with hardly anything in them: no setsid, no fractions of seconds, no mkfifo."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from moorage.lifecycle.progress import HookFailed, HookTimedOut
from tests.integration.lifecycle.place import Place, Recorder, stage

LEAST = ("cat", "sleep", "mkdir", "rm", "ln", "mv")


def only(place: Place, *tools: str) -> None:
    """A PATH with nothing but these."""
    for name in tools:
        found = shutil.which(name)
        assert found
        (place.root / "bin" / name).symlink_to(found)
    place.environment["PATH"] = str(place.root / "bin")


async def test_plain_hooks_need_six_tools(place: Place) -> None:
    only(place, *LEAST)
    out = place.root / "out"
    hooks = (stage("onCreateCommand", f"echo a >>{out}"), stage("postCreateCommand", f"echo b >>{out}"))
    await place.up(*hooks)
    await place.up(*hooks)
    assert out.read_text() == "a\nb\n"
    await place.quiet()


async def test_side_by_side_and_limits_without_setsid(place: Place) -> None:
    only(place, *LEAST, "mkfifo")
    recorder = Recorder()
    with pytest.raises(HookFailed) as caught:
        await place.up(stage("onCreateCommand", a="exec sleep 30", b="echo oh; exit 5"), reporter=recorder)
    assert "[b]" in caught.value.message
    with pytest.raises(HookTimedOut):
        await place.up(stage("postCreateCommand", "exec sleep 30"), hook_timeout=0.1)
    await place.quiet()


async def test_without_mkfifo_side_by_side_is_refused_with_the_reason(place: Place) -> None:
    if "busybox" in place.shell[0]:
        pytest.skip("its shell has all its tools built in")
    only(place, *LEAST, "setsid")
    with pytest.raises(HookFailed) as caught:
        await place.up(stage("onCreateCommand", a="true", b="true"))
    assert "mkfifo" in " ".join(caught.value.evidence)


async def test_sleep_without_fractions(place: Place) -> None:
    only(place, *(tool for tool in LEAST if tool != "sleep"), "setsid", "mkfifo")
    sleep = Path(place.root / "bin/sleep")
    sleep.write_text('#!/bin/sh\ncase $1 in *.*) exit 1 ;; *) exec /bin/sleep "$1" ;; esac\n')
    sleep.chmod(0o755)
    begun = time.monotonic()
    await place.up(stage("onCreateCommand", "echo a"), stage("postCreateCommand", a="true", b="true"))
    assert time.monotonic() - begun < 5
