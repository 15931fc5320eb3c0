"""Processes in a pod of a real cluster: both ways at once, half-close, codes, sizes, many, and lost ones."""

from __future__ import annotations

import asyncio
import gc
import os
import re
from hashlib import sha256

import msgspec
import pytest

from moorage.kube import errors, websocket
from moorage.kube.access import Access, Impersonation
from moorage.kube.client import Cluster
from moorage.kube.execution import Execution
from moorage.kube.kinds import POD
from moorage.kube.objects import allowed
from tests.cluster.cluster import Cluster as RealCluster
from tests.integration.kube.place import CONTAINER, ENVIRON

MEGABYTE = 1024 * 1024


async def start(kube: Cluster, *argv: str, terminal: bool = False, stdin: bool = False) -> Execution:
    return await Execution.start(kube, "work", CONTAINER, argv, terminal=terminal, stdin=stdin)


async def outcome(kube: Cluster, *argv: str, feed: bytes | None = None) -> tuple[int, bytes, bytes]:
    """Code, standard output, standard error."""
    process = await start(kube, *argv, stdin=feed is not None)
    if feed is not None:
        await process.write(feed)
        await process.close_input()
    said = {1: b"", 2: b""}
    async for stream, data in process.output():
        said[stream] += data
    code = await process.wait()
    await process.close()
    return code, said[1], said[2]


async def test_both_streams_and_the_code_come_back(at_home: Cluster, pod: str) -> None:
    assert await outcome(at_home, "sh", "-c", "echo out; echo err >&2; exit 3") == (3, b"out\n", b"err\n")
    assert await outcome(at_home, "true") == (0, b"", b"")


async def test_arguments_arrive_as_they_are(at_home: Cluster, pod: str) -> None:
    words = ("a b", "", "ä€", "x=&?%2F+", "'\"$(exit 9)")
    assert (await outcome(at_home, "printf", "%s\n", *words))[1].decode().splitlines() == list(words)


async def test_the_end_of_the_input_is_seen(at_home: Cluster, pod: str) -> None:
    assert await outcome(at_home, "cat", feed=b"hello") == (0, b"hello", b"")
    assert await outcome(at_home, "cat", feed=b"") == (0, b"", b"")


@pytest.mark.parametrize("signal", [9, 15])
async def test_a_signal_is_a_code(at_home: Cluster, pod: str, signal: int) -> None:
    assert (await outcome(at_home, "sh", "-c", f"kill -{signal} $$"))[0] == 128 + signal


@pytest.mark.parametrize(
    ("program", "code"), [("/no/such/program", 127), ("no-such-program", 127), ("/etc", 126)]
)
async def test_a_program_that_cannot_be_started_says_so(
    at_home: Cluster, pod: str, program: str, code: int
) -> None:
    found, out, err = await outcome(at_home, program)
    assert (found, out) == (code, b"")
    assert program.encode() in err


async def test_a_hundred_megabytes_go_both_ways_at_once(at_home: Cluster, pod: str) -> None:
    size, chunk = 100 * MEGABYTE, os.urandom(MEGABYTE)
    process = await start(at_home, "cat", stdin=True)

    async def send() -> None:
        for _ in range(100):
            await process.write(chunk)
        await process.close_input()

    sending = asyncio.create_task(send())
    received, digest = 0, sha256()
    async for _, data in process.output():
        received += len(data)
        digest.update(data)
    await sending
    assert await process.wait() == 0
    await process.close()
    expected = sha256()
    for _ in range(100):
        expected.update(chunk)
    assert (received, digest.digest()) == (size, expected.digest())


async def test_a_slow_reader_slows_down_the_process(at_home: Cluster, pod: str) -> None:
    process = await start(at_home, "sh", "-c", "dd if=/dev/zero bs=1M count=64 2>/dev/null; echo end >&2")
    output = process.output()
    await anext(output)
    await asyncio.sleep(0.5)
    received = 0
    async for stream, data in output:
        received += len(data) if stream == 1 else 0
    assert await process.wait() == 0
    await process.close()
    assert 60 * MEGABYTE < received <= 64 * MEGABYTE


async def test_input_that_is_left_over_costs_nothing_of_the_output(at_home: Cluster, pod: str) -> None:
    # Of more than about 200 KB containerd never says how the process ended: `kubectl exec` hangs there, too.
    words = "head -c 5; echo; echo done; exit 7"
    assert await outcome(at_home, "sh", "-c", words, feed=b"hello" + bytes(120 * 1024)) == (
        7,
        b"hello\ndone\n",
        b"",
    )


async def test_a_process_that_reads_late_gets_all(
    at_home: Cluster, pod: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SILENCE", 0.8)  # two of them without input outstanding, thirty with it
    process = await start(at_home, "sh", "-c", "sleep 2; wc -c", stdin=True)

    async def send() -> None:
        await process.write(bytes(30 * MEGABYTE))
        await process.close_input()

    sending = asyncio.create_task(send())
    said = b"".join([data async for _, data in process.output()])
    await sending
    assert (said.strip(), await process.wait()) == (b"%d" % (30 * MEGABYTE), 0)
    await process.close()


async def test_a_terminal_has_a_size_that_changes(at_home: Cluster, pod: str) -> None:
    process = await start(at_home, "sh", "-i", terminal=True, stdin=True)
    output = process.output()

    async def size() -> bytes:
        await process.write(b"stty size\n")
        said = b""
        while not (found := re.search(rb"(\d+ \d+)\r\n", said)):
            said += (await anext(output))[1]
        return found[1]

    async with asyncio.timeout(60):
        for columns, rows in ((101, 31), (77, 22)):
            await process.resize(columns, rows)
            while await size() != b"%d %d" % (rows, columns):
                await asyncio.sleep(0.05)
    await process.write(b"exit 4\n")
    async for stream, _ in output:
        assert stream == 1
    assert await process.wait() == 4
    await process.close()


async def test_the_end_of_input_reaches_a_terminal(at_home: Cluster, pod: str) -> None:
    process = await start(at_home, "cat", terminal=True, stdin=True)
    await process.write(b"\x04")
    assert await process.wait() == 0
    await process.close()


async def test_fifty_run_side_by_side(at_home: Cluster, pod: str) -> None:
    async def one(number: int) -> tuple[int, bytes, bytes]:
        return await outcome(at_home, "sh", "-c", f"cat; exit {number}", feed=b"%d" % number)

    outcomes = await asyncio.gather(*(one(number) for number in range(50)))
    assert outcomes == [(number, b"%d" % number, b"") for number in range(50)]


async def test_one_that_is_cancelled_leaves_nothing_here(at_home: Cluster, pod: str) -> None:
    await outcome(at_home, "true")
    descriptors, tasks = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())

    async def forever() -> None:
        process = await start(at_home, "cat", stdin=True)
        try:
            await process.write(b"x")
            await process.wait()
        finally:
            await process.close()

    for pause in (0.0, 0.005, 0.05, 0.3):
        running = asyncio.create_task(forever())
        await asyncio.sleep(pause)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await at_home.close()
    gc.collect()
    await asyncio.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) <= descriptors
    assert len(asyncio.all_tasks()) == tasks


async def test_letting_go_ends_the_input_inside(at_home: Cluster, pod: str) -> None:
    process = await start(at_home, "sh", "-c", "cat >/tmp/end; echo ended >>/tmp/end", stdin=True)
    await process.write(b"kept\n")
    await process.close()
    look = "for i in 1 2 3 4 5 6 7 8 9; do grep -q ended /tmp/end && break; sleep 0.3; done; cat /tmp/end"
    assert (await outcome(at_home, "sh", "-c", look))[1] == b"kept\nended\n"


async def test_a_process_that_is_gone_breaks_the_pipe(at_home: Cluster, pod: str) -> None:
    process = await start(at_home, "true", stdin=True)
    assert await process.wait() == 0
    with pytest.raises(BrokenPipeError):
        await process.write(bytes(500 * MEGABYTE))
    await process.close_input()
    await process.resize(1, 1)
    await process.close()


async def test_a_pod_that_is_not_there_is_told(at_home: Cluster, pod: str) -> None:
    with pytest.raises(errors.ObjectMissing) as caught:
        await Execution.start(at_home, "nowhere", CONTAINER, ("true",))
    assert 'pods "nowhere" not found' in caught.value.message


async def test_a_container_that_is_not_there_is_told(at_home: Cluster, pod: str) -> None:
    with pytest.raises(errors.ClusterRefused) as caught:
        await Execution.start(at_home, pod, "nowhere", ("true",))
    assert "nowhere" in " ".join(caught.value.evidence)


async def test_a_container_that_does_not_run_is_told(
    at_home: Cluster, cluster: RealCluster, home: str
) -> None:
    container = {"name": CONTAINER, "image": "busybox:latest", "command": ["true"]}
    spec = {"containers": [container], "restartPolicy": "Never"}
    cluster.apply(home, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "over"}, "spec": spec})
    cluster.wait(home, "pod/over", "jsonpath={.status.phase}=Succeeded")
    with pytest.raises(errors.ClusterRefused) as caught:
        await Execution.start(at_home, "over", CONTAINER, ("true",))
    assert caught.value.evidence


async def test_the_containers_own_process_is_attached_to(
    at_home: Cluster, cluster: RealCluster, home: str
) -> None:
    container = {
        "name": CONTAINER,
        "image": "busybox:latest",
        "command": ["sh", "-c", "read -r line; echo got $line; read -r line"],
        "stdin": True,
    }
    spec = {"containers": [container], "restartPolicy": "Never"}
    cluster.apply(home, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "own"}, "spec": spec})
    cluster.wait(home, "pod/own", "condition=Ready")
    process = await Execution.attach(at_home, "own", CONTAINER, stdin=True)
    await process.write(b"words\n")
    assert await anext(process.output()) == (1, b"got words\n")
    await process.close()


async def test_who_may_not_is_told_which_rule_is_missing(access: Access, pod: str, home: str) -> None:
    user = msgspec.structs.replace(access.user, impersonation=Impersonation(user="jo"))
    jo = msgspec.structs.replace(access, user=user, namespace=home)
    async with Cluster(jo, ENVIRON) as kube:
        with pytest.raises(errors.Forbidden) as caught:
            await start(kube, "true")
    assert caught.value.resource == "pods/exec"
    assert '["create", "get"]' in caught.value.evidence[-1]


async def test_the_rule_that_is_named_is_enough(
    access: Access, cluster: RealCluster, pod: str, home: str
) -> None:
    cluster.kubectl("-n", home, "create", "role", "e", "--verb=create,get", "--resource=pods/exec")
    cluster.kubectl("-n", home, "create", "rolebinding", "e", "--role=e", "--user=jane")
    user = msgspec.structs.replace(access.user, impersonation=Impersonation(user="jane"))
    jane = msgspec.structs.replace(access, user=user, namespace=home)
    async with Cluster(jane, ENVIRON) as kube:
        async with asyncio.timeout(10):  # until the API server has heard of the role
            while not await allowed(kube, "create", POD, sub="exec"):
                await asyncio.sleep(0.05)
        assert await outcome(kube, "true") == (0, b"", b"")


@pytest.mark.serial
async def test_an_api_server_that_goes_away_ends_the_stream_and_is_waited_for(
    at_home: Cluster, cluster: RealCluster, pod: str
) -> None:
    process = await start(at_home, "cat", stdin=True)
    await process.write(b"x")
    assert await anext(process.output()) == (1, b"x")
    gone = cluster.api_server_gone()
    await asyncio.to_thread(gone.__enter__)
    try:
        with pytest.raises(errors.ClusterLost):
            await process.wait()
        again = asyncio.create_task(outcome(at_home, "echo", "back"))
        await asyncio.sleep(0.2)
    finally:
        await asyncio.to_thread(gone.__exit__, None, None, None)
    await process.close()
    assert await again == (0, b"back\n", b"")
