"""The way through kubectl: requests, streams, its end, and a program that is none."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from moorage.kube import errors
from moorage.kube.access import Access
from moorage.kube.client import Cluster
from moorage.kube.execution import Execution
from moorage.kube.kinds import NAMESPACE
from moorage.kube.objects import Head, get
from moorage.kube.through import led_through, through
from moorage.served import Served
from tests.cluster.cluster import Cluster as RealCluster
from tests.integration.kube.place import CONTAINER, ENVIRON


@pytest.fixture
def way(cluster: RealCluster) -> Served:
    return through(
        cluster.found.kubectl, config=str(cluster.kubeconfig), context="", environ=ENVIRON, home="/root"
    )


@pytest.fixture
async def kube(access: Access, home: str, way: Served) -> AsyncIterator[Cluster]:
    led = led_through(msgspec.structs.replace(access, namespace=home), way)
    async with Cluster(led, ENVIRON, through=way) as made:
        yield made


async def test_requests_and_streams_go_through(kube: Cluster, pod: str) -> None:
    assert await get(kube, NAMESPACE, "default", Head) is not None
    process = await Execution.start(kube, pod, CONTAINER, ("cat",), stdin=True)
    assert process.half_close
    await process.write(b"hello")
    await process.close_input()
    assert [data async for _, data in process.output()] == [b"hello"]
    assert await process.wait() == 0
    await process.close()


async def test_nothing_of_it_is_left(kube: Cluster, way: Served) -> None:
    await get(kube, NAMESPACE, "default", Head)
    folder = Path(way.socket).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    await kube.close()
    assert not folder.exists()


async def test_it_is_started_again_where_it_has_ended(kube: Cluster, way: Served) -> None:
    await get(kube, NAMESPACE, "default", Head)
    assert way._process is not None
    way._process.kill()
    await way._process.wait()
    assert await get(kube, NAMESPACE, "default", Head) is not None


async def test_it_ends_with_us_however_we_end(cluster: RealCluster, tmp_path: Path) -> None:
    words = (
        "import asyncio, os, sys; from moorage.kube.through import through\n"
        "async def main():\n"
        "    way = through(sys.argv[1], config=sys.argv[2], context='', environ=dict(os.environ), home='/')\n"
        "    await way.ready(); print(way._process.pid, flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    run = [sys.executable, "-c", words, cluster.found.kubectl, str(cluster.kubeconfig)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        kubectl = int(await asyncio.to_thread(process.stdout.readline))
        process.send_signal(signal.SIGKILL)
        process.wait()
    async with asyncio.timeout(10):
        while Path(f"/proc/{kubectl}").exists():
            await asyncio.sleep(0.02)


async def test_a_program_that_fails_is_told_with_its_words(access: Access, tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\necho 'please log in' >&2; exit 3\n")
    program.chmod(0o755)
    way = through(str(program), config="", context="", environ=ENVIRON, home="/")
    async with Cluster(led_through(access, way), ENVIRON, through=way) as kube:
        with pytest.raises(errors.ClusterUnreachable) as caught:
            await get(kube, NAMESPACE, "default", Head)
    assert "exit code 3" in caught.value.evidence[0]
    assert "please log in" in caught.value.evidence


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(errors.BadClusterOption):
        through("no-such-kubectl", config="", context="", environ=dict(os.environ), home="/")
