"""Processes inside containers, on real engines."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from moorage.engine import containers
from moorage.engine.client import Engine
from moorage.engine.errors import ContainerNotRunning, NoSuchContainer
from moorage.engine.execution import Execution

Make = Callable[..., Awaitable[str]]


async def _all(execution: Execution) -> tuple[bytes, bytes, int]:
    found = {1: b"", 2: b""}
    async for stream, data in execution.output():
        found[stream] += data
    code = await execution.wait()
    await execution.close()
    return found[1], found[2], code


async def test_streams_are_apart_and_the_exit_code_is_the_process_own(
    client: Engine, container: Make
) -> None:
    argv = ("sh", "-c", "echo out; echo err >&2; exit 3")
    before = client.sent
    execution = await Execution.start(client, await container(), argv)
    assert await _all(execution) == (b"out\n", b"err\n", 3)
    assert client.sent - before == 5  # create and start the container; create, start and inspect the exec


@pytest.mark.parametrize(("name", "number"), [("KILL", 9), ("TERM", 15)])
async def test_a_signal_gives_128_more(client: Engine, container: Make, name: str, number: int) -> None:
    execution = await Execution.start(client, await container(), ("sh", "-c", f"kill -{name} $$"))
    assert (await _all(execution))[2] == 128 + number


async def test_input_reaches_the_process_and_ends(client: Engine, container: Make) -> None:
    execution = await Execution.start(client, await container(), ("sh", "-c", "wc -c; echo end"), stdin=True)
    data = bytes(range(256)) * 8192

    async def feed() -> None:
        await execution.write(data)
        await execution.close_input()

    (out, _, code), _ = await asyncio.gather(_all(execution), feed())
    assert (out.split(), code) == ([b"2097152", b"end"], 0)


async def test_megabytes_of_output_arrive_whole(client: Engine, container: Make) -> None:
    argv = ("sh", "-c", "dd if=/dev/zero bs=1024 count=8192 2>/dev/null; echo e >&2")
    out, err, code = await _all(await Execution.start(client, await container(), argv))
    assert (len(out), err, code) == (8 * 1024 * 1024, b"e\n", 0)


async def test_user_folder_and_environment(client: Engine, container: Make) -> None:
    execution = await Execution.start(
        client,
        await container(),
        ("sh", "-c", 'id -u; pwd; printf "%s|" "$A" "$B"'),
        user="nobody",
        folder="/tmp",
        environment={"A": "one\ntwo", "B": "ü = 'x'"},
    )
    out, _, _ = await _all(execution)
    assert out.decode() == "65534\n/tmp\none\ntwo|ü = 'x'|"


async def test_a_terminal_has_the_size_it_was_given(client: Engine, container: Make) -> None:
    argv = ("sh", "-c", "read line; stty size; tty")
    execution = await Execution.start(client, await container(), argv, terminal=True, stdin=True)
    await execution.resize(101, 37)
    await execution.write(b"go\n")
    out, err, code = await _all(execution)
    assert b"37 101" in out
    assert b"/dev/pts/" in out
    assert (err, code) == (b"", 0)


async def test_a_missing_program_says_so(client: Engine, container: Make) -> None:
    out, _, code = await _all(await Execution.start(client, await container(), ("no-such-program",)))
    assert code in (126, 127)
    assert b"executable file not found" in out


async def test_a_container_that_is_gone_or_stopped(client: Engine, container: Make) -> None:
    with pytest.raises(NoSuchContainer):
        await Execution.start(client, "no-such-container", ("true",))
    with pytest.raises(ContainerNotRunning):
        await Execution.start(client, await container(start=False), ("true",))


async def test_the_container_ends_under_a_process(client: Engine, container: Make) -> None:
    name = await container()
    execution = await Execution.start(client, name, ("sh", "-c", "echo ready; sleep 600"))
    async for _ in execution.output():
        await containers.stop(client, name, seconds=0)
    assert await execution.wait() == 137
    await execution.close()


_CLIENT = """
import asyncio, sys
from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.engine.execution import Execution
async def main():
    argv = ("sh", "-c", sys.argv[3])
    execution = await Execution.start(Engine(at(sys.argv[1], "test")), sys.argv[2], argv, stdin=True)
    async for _ in execution.output():
        print("output", flush=True)
asyncio.run(main())
"""


async def _killed_client(host: str, name: str, script: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", _CLIENT, host, name, script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    await asyncio.to_thread(process.stdout.readline)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


async def _appears(client: Engine, name: str, path: str) -> bytes:
    async with asyncio.timeout(60):
        while await containers.read(client, name, path) is None:
            await asyncio.sleep(0.05)
    out, _, _ = await _all(await Execution.start(client, name, ("cat", path)))
    return out


async def test_a_killed_client_stops_nothing_inside(host: str, client: Engine, container: Make) -> None:
    name = await container()
    chatty = "n=0; while [ $n -lt 20000 ]; do n=$((n+1)); echo a line of $n; done"
    await _killed_client(host, name, f"{chatty}; echo $n >/tmp/n; mv /tmp/n /tmp/end")
    assert await _appears(client, name, "/tmp/end") == b"20000\n"


async def test_a_killed_client_ends_the_input_inside(host: str, client: Engine, container: Make) -> None:
    name = await container()
    await _killed_client(host, name, "echo ready; cat; echo over >/tmp/n; mv /tmp/n /tmp/end")
    assert await _appears(client, name, "/tmp/end") == b"over\n"
