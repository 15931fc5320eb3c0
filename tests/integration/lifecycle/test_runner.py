"""The runner with its client: once means once, success means done, whoever dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time

import pytest

from moorage.events import StepEnded, StepStarted
from moorage.lifecycle.conversation import RunnerLost
from moorage.lifecycle.hooks import HooksOutlasted
from moorage.lifecycle.progress import HookFailed, HookTimedOut
from moorage.spec import journal as places
from moorage.spec.journal import parse
from tests.integration.lifecycle.place import Place, Recorder, stage, until


async def test_hooks_run_in_order_and_once(place: Place) -> None:
    out = place.root / "out"
    hooks = (
        stage("onCreateCommand", f"printf 'a ' >>{out}"),
        stage("updateContentCommand", f"printf 'b ' >>{out}"),
        stage("postCreateCommand", f"printf 'c ' >>{out}"),
        stage("postCreateCommand", f"printf 'd ' >>{out}", index=1),
        stage("postStartCommand", f"printf 'e ' >>{out}"),
        stage("postAttachCommand", f"printf 'f ' >>{out}"),
    )
    recorder = Recorder()
    first = await place.up(*hooks, reporter=recorder)
    assert out.read_text() == "a b c d e f "
    assert len(first.ended) == 6
    assert not first.adopted
    assert not first.background
    started = [event.step for event in recorder.events if isinstance(event, StepStarted)]
    assert started == list(first.ended)
    second = await place.up(*hooks)
    assert second.ended == ("postAttachCommand:0",)
    assert out.read_text() == "a b c d e f f "
    third = await place.up(*hooks, started_at="2026-01-02T00:00:00Z")
    assert third.ended == ("postStartCommand:0@2026-01-02T00:00:00Z", "postAttachCommand:0")
    assert place.journal().done == (
        "onCreateCommand:0",
        "updateContentCommand:0",
        "postCreateCommand:0",
        "postCreateCommand:1",
        "postStartCommand:0@2026-01-01T00:00:00Z",
        "postStartCommand:0@2026-01-02T00:00:00Z",
    )
    await place.quiet()


async def test_a_failed_hook_is_told_and_retried_and_the_earlier_ones_are_not(place: Place) -> None:
    out, fixed = place.root / "out", place.root / "fixed"
    hooks = (
        stage("onCreateCommand", f"printf 'a ' >>{out}"),
        stage("postCreateCommand", f"echo the cause; printf 'b ' >>{out}; [ -e {fixed} ] || exit 7"),
        stage("postStartCommand", f"printf 'c ' >>{out}"),
    )
    with pytest.raises(HookFailed) as caught:
        await place.up(*hooks)
    assert caught.value.message == "postCreateCommand failed with exit code 7."
    assert caught.value.evidence[-1] == "the cause"
    assert "moorage up" in caught.value.hint
    assert out.read_text() == "a b "
    journal = place.journal()
    assert (journal.failed, journal.exit_code) == ("postCreateCommand:0", 7)
    assert not journal.running
    fixed.touch()
    await place.up(*hooks)
    assert out.read_text() == "a b b c "
    assert place.journal().failed == ""


async def test_a_program_that_is_not_there_is_a_failure(place: Place) -> None:
    with pytest.raises(HookFailed) as caught:
        await place.up(stage("onCreateCommand", ("no-such-program", "x")))
    assert "exit code 12" in caught.value.message
    assert "no-such-program" in " ".join(caught.value.evidence)


async def test_commands_side_by_side_say_who_speaks(place: Place) -> None:
    gate = place.root / "gate"
    recorder = Recorder()
    hooks = stage(
        "postCreateCommand",
        one=f"echo first; until [ -e {gate} ]; do sleep 0.01; done; printf 'no newline'",
        two=f"echo second; : >{gate}",
    )
    await place.up(hooks, reporter=recorder)
    lines = [(event.origin, event.text) for event in recorder.events if hasattr(event, "origin")]
    assert sorted(lines) == [("one", "first"), ("one", "no newline"), ("two", "second")]
    assert place.journal().done[-1] == "postCreateCommand:0"
    assert (await place.up(hooks)).ended == ()
    await place.quiet()


async def test_the_first_failure_ends_the_siblings_and_what_succeeded_stays_done(place: Place) -> None:
    out, fixed = place.root / "out", place.root / "fixed"
    hooks = stage(
        "postCreateCommand",
        quick=f"printf 'quick ' >>{out}",
        slow=f"trap '' TERM; [ -e {fixed} ] || {{ sleep 60 & wait; sleep 60; }}",
        bad=f"until [ -e {out} ]; do sleep 0.01; done; echo bad luck; [ -e {fixed} ] || exit 3",
    )
    recorder = Recorder()
    begun = time.monotonic()
    with pytest.raises(HookFailed) as caught:
        await place.up(hooks, reporter=recorder)
    assert time.monotonic() - begun < 10
    assert caught.value.message == "postCreateCommand [bad] failed with exit code 3."
    assert caught.value.evidence[-1] == "bad luck"
    ends = {event.step: event for event in recorder.events if isinstance(event, StepEnded)}
    assert ends["postCreateCommand:0/slow"].detail == "ended because a sibling failed"
    await place.quiet()
    assert place.journal().failed == "postCreateCommand:0/bad"
    fixed.touch()
    again = await place.up(hooks)
    assert set(again.ended) == {"postCreateCommand:0/slow", "postCreateCommand:0/bad"}
    assert out.read_text() == "quick "


async def test_a_hook_that_hangs_is_ended_at_its_limit_with_all_that_it_started(place: Place) -> None:
    hooks = stage("postCreateCommand", "echo waiting; trap '' TERM; sleep 60 & sleep 60; sleep 60")
    with pytest.raises(HookTimedOut) as caught:
        await place.up(hooks, hook_timeout=0.2)
    assert caught.value.evidence[-1] == "waiting"
    assert place.journal().exit_code == 124
    await place.quiet()


async def test_the_limit_holds_for_commands_side_by_side_and_without_a_client(place: Place) -> None:
    done = place.root / "done"
    hooks = stage("postCreateCommand", good=f": >{done}", hangs="sleep 60")
    task = asyncio.create_task(place.up(hooks, hook_timeout=0.3))
    await until(done.exists)
    task.cancel()
    await asyncio.wait([task])
    place.processes[-1].kill()
    await place.quiet()
    journal = place.journal()
    assert (journal.failed, journal.exit_code) == ("postCreateCommand:0/hangs", 124)
    assert "postCreateCommand:0/good" in journal.done


async def test_an_exit_code_of_124_is_no_time_limit(place: Place) -> None:
    with pytest.raises(HookFailed):
        await place.up(stage("onCreateCommand", "exit 124"), hook_timeout=30)


async def test_up_returns_at_wait_for_and_the_rest_goes_on(place: Place) -> None:
    gate, out = place.root / "gate", place.root / "out"
    hooks = (
        stage("onCreateCommand", "echo early"),
        stage("postCreateCommand", f"until [ -e {gate} ]; do sleep 0.01; done; echo late; : >{out}"),
    )
    outcome = await place.up(*hooks, wait_for="updateContentCommand")
    assert outcome.background
    assert outcome.ended == ("onCreateCommand:0",)
    assert place.journal().running
    joined = await place.up(*hooks, wait_for="updateContentCommand", done=place.journal().done)
    assert joined.adopted
    assert joined.background
    gate.touch()
    await until(out.exists)
    await place.quiet()
    assert "postCreateCommand:0" in place.journal().done
    assert b"\nlate\n" in place.log()


async def test_two_at_once_make_one_run(place: Place) -> None:
    out = place.root / "out"
    hooks = (
        stage("onCreateCommand", f"sleep 0.05; printf 'a ' >>{out}"),
        stage("postCreateCommand", x=f"printf 'b ' >>{out}", y=f"printf 'c ' >>{out}"),
    )
    outcomes = await asyncio.gather(*(place.up(*hooks) for _ in range(6)))
    assert sorted(out.read_text().split()) == ["a", "b", "c"]
    assert not all(outcome.adopted for outcome in outcomes)
    await place.quiet()


@pytest.mark.parametrize("seed", range(2))
async def test_killed_at_any_moment_the_next_up_goes_on(place: Place, seed: int) -> None:
    out = place.root / "out"
    chance = random.Random(seed)
    hooks = [
        stage("onCreateCommand", f"sleep 0.02; printf '{number} ' >>{out}; sleep 0.02", index=number)
        for number in range(6)
    ]
    for _ in range(6):
        task = asyncio.create_task(place.up(*hooks, wait_for=""))
        await asyncio.sleep(chance.uniform(0, 0.15))
        if place.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(place.processes[-1].pid, signal.SIGKILL)
        await asyncio.wait([task])
        task.exception()
    await place.up(*hooks)
    assert out.read_text() == "0 1 2 3 4 5 "
    await place.quiet()


async def test_a_killed_worker_leaves_its_hook_to_the_next_up(place: Place) -> None:
    out, begun = place.root / "out", place.root / "begun"
    hooks = (
        stage("onCreateCommand", f"printf 'a ' >>{out}"),
        stage("postCreateCommand", f"[ -e {begun} ] || {{ : >{begun}; sleep 60; }}; printf 'b ' >>{out}"),
    )
    task = asyncio.create_task(place.up(*hooks))
    await until(begun.exists)
    place.end_all()
    with pytest.raises(RunnerLost):
        await task
    assert place.journal().running
    await place.up(*hooks)
    assert out.read_text() == "a b "
    assert not place.journal().running


@pytest.mark.parametrize("several", [False, True])
async def test_what_a_killed_worker_left_running_is_ended_before_it_runs_again(
    place: Place, several: bool
) -> None:
    begun, wrong = place.root / "begun", place.root / "wrong"
    script = f"[ -e {begun} ] || {{ echo $$ >{begun}; sleep 1; echo too late >{wrong}; }}"
    hooks = stage("onCreateCommand", a=script, b="true") if several else stage("onCreateCommand", script)
    task = asyncio.create_task(place.up(hooks))
    await until(lambda: begun.exists() and bool(begun.read_text()))
    os.kill(place.worker(), signal.SIGKILL)
    with pytest.raises(RunnerLost):
        await task
    assert int(begun.read_text()) in place.own_processes()
    await place.up(hooks)
    assert int(begun.read_text()) not in place.own_processes()
    await place.quiet()
    assert not wrong.exists()


async def test_a_client_that_dies_before_it_said_go_has_started_nothing(place: Place) -> None:
    argv = ("/bin/sh", places.RUNNER, "run", places.state(place.instance), places.logs(place.instance))
    process = await place.run((*argv, "none", "10", "token"), stdin=True)
    await process.write(f"F{place.root}\nGa\nMonce\nKa\nAtouch\nA{place.root}/ran\n".encode())
    await process.close_input()
    said = b"".join([data async for _, data in process.output()])
    assert said.startswith(b"moorage 1\n")
    assert await process.wait() == 0
    assert not (place.root / "ran").exists()
    assert not list(place.state.glob("lock.*"))
    await place.quiet()


async def test_the_deadline_ends_the_wait_and_not_the_hook(place: Place) -> None:
    gate = place.root / "gate"
    hooks = stage("onCreateCommand", f"until [ -e {gate} ]; do sleep 0.01; done")
    with pytest.raises(HooksOutlasted):
        await place.up(hooks, deadline=0.3)
    assert place.journal().running
    gate.touch()
    await place.up(hooks)
    assert place.journal().done == ("onCreateCommand:0",)


async def test_output_is_passed_on_as_it_comes(place: Place) -> None:
    gate = place.root / "gate"
    recorder = Recorder()
    hooks = stage("onCreateCommand", f"echo now; until [ -e {gate} ]; do sleep 0.01; done; echo then")
    task = asyncio.create_task(place.up(hooks, reporter=recorder))
    await until(lambda: recorder.text() == ["now"])
    gate.touch()
    await task
    assert recorder.text() == ["now", "then"]


async def test_large_and_binary_output(place: Place) -> None:
    recorder = Recorder()
    script = "head -c 10000000 /dev/zero | tr '\\0' 'x' | fold -w 100; printf '\\n\\000\\377bin\\n\\n\\nend'"
    begun = time.monotonic()
    await place.up(stage("onCreateCommand", script), reporter=recorder)
    assert time.monotonic() - begun < 10
    lines = recorder.text()
    assert sum(len(line) for line in lines[:100_000]) == 10_000_000
    assert lines[-4:] == ["\0�bin", "", "", "end"]


async def test_output_cannot_pass_for_the_runners_own(place: Place) -> None:
    recorder = Recorder()
    script = (
        "printf '\\n%s end 1 0 ended\\n\\n%s over ok\\nover ok\\nfollow 1 x\\n' 0123 0123; sleep 0.05; exit 4"
    )
    with pytest.raises(HookFailed):
        await place.up(stage("onCreateCommand", script), reporter=recorder)
    assert "0123 over ok" in recorder.text()


async def test_a_daemon_may_stay_and_nobody_waits_for_it(place: Place) -> None:
    hooks = (
        stage("onCreateCommand", "sleep 60 &"),
        stage("postCreateCommand", a="sleep 60 &", b="echo b"),
    )
    begun = time.monotonic()
    await place.up(*hooks)
    assert time.monotonic() - begun < 5
    assert sorted(place.own_processes().values()).count("sleep 60 ") == 2


async def test_hooks_heed_interrupts(place: Place) -> None:
    show = "grep SigIgn /proc/self/status"
    recorder = Recorder()
    await place.up(
        stage("onCreateCommand", show), stage("postCreateCommand", a=show, b=show), reporter=recorder
    )
    ignored = [int(line.split()[1], 16) for line in recorder.text()]
    interrupts = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGQUIT - 1)
    assert [mask & interrupts for mask in ignored] == [0, 0, 0]


async def test_nobody_answers_a_prompt(place: Place) -> None:
    recorder = Recorder()
    await place.up(
        stage("onCreateCommand", "if read -r x; then echo got; else echo end; fi"), reporter=recorder
    )
    assert recorder.text() == ["end"]


async def test_a_folder_that_is_gone_means_home(place: Place) -> None:
    recorder = Recorder()
    await place.up(stage("onCreateCommand", "pwd"), reporter=recorder, folder=str(place.root / "gone"))
    assert recorder.text() == [str(place.home)]


async def test_the_journal_of_another_container_does_not_count(place: Place) -> None:
    await place.up(stage("onCreateCommand", "true"))
    files = {f"{place.instance}/journal": (place.state / "journal").read_bytes()}
    assert parse(files, place.instance).done
    assert not parse(files, "another").done


async def test_old_runs_are_forgotten_in_time(place: Place) -> None:
    for number in (1, 2, 3):
        (place.state / f"lock.{number}").write_text("1 1 x\n")
        (place.logs / f"{number}.log").write_text("\nx run\n")
        (place.logs / f"{number}.run").mkdir()
    (place.state / "lock.60").write_text("1 1 x\n")
    await place.up(stage("onCreateCommand", "true"))
    assert [path.name for path in place.state.glob("lock.*")] == ["lock.61"]
    assert [path.name for path in place.logs.iterdir()] == ["61.log"]
