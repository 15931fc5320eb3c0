"""The driver's contract on a real cluster."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tarfile

import msgspec
import pytest

from moorage.drivers.kubernetes.errors import NotRunning, WorkspaceGone
from moorage.drivers.kubernetes.known import Identity, Known, Plan
from moorage.drivers.kubernetes.listing import listed
from moorage.spec import names
from moorage.spec.observation import Observation
from moorage.spec.run import Mount
from tests.integration.kubernetes.conftest import ROOT, Place


async def output(place: Place, container: str, *argv: str, **more: object) -> tuple[int, str, str]:
    process = await place.driver.inside(container).run(argv, **more)  # type: ignore[arg-type]
    streams = {1: b"", 2: b""}
    async for stream, data in process.output():
        streams[stream] += data
    code = await process.wait()
    await process.close()
    return code, streams[1].decode(), streams[2].decode()


async def test_a_workspace_lives_stops_comes_back_and_goes(place: Place) -> None:
    spec, driver = place.spec(), place.driver
    assert await driver.observe(spec.name) == Observation()
    created = await driver.create(spec, place.facts, Known(remote=ROOT))
    assert (created.state, created.started_at) == ("created", "")
    assert created.labels["dev.moorage.source"] == "/src"
    await driver.start(spec.name)
    first = await driver.observe(spec.name)
    assert first.container is not None
    assert first.container.state == "running"
    assert first.container.environment["GREETING"] == "hello\nworld"
    assert first.journal.prepared
    assert first.volume == "empty"
    await output(
        place, first.container.id, "sh", "-c", "mkdir app && echo mine >app/file", folder="/workspaces"
    )
    assert (await driver.observe(spec.name)).volume == "complete"
    await driver.stop(spec.name)
    stopped = await driver.observe(spec.name)
    assert stopped.container is not None
    assert (stopped.container.state, bool(stopped.container.started_at)) == ("exited", True)
    with pytest.raises(NotRunning):
        await output(place, spec.name, "true")
    await driver.start(spec.name)
    again = await driver.observe(spec.name)
    assert again.container is not None
    assert again.container.id != first.container.id
    assert (await output(place, spec.name, "cat", "/workspaces/app/file"))[1] == "mine\n"
    removed = await driver.delete(spec.workspace)
    assert f"Deployment {spec.name}" in removed
    for kind in ("configmaps", "secrets", "persistentvolumeclaims", "deployments", "pods", "replicasets"):
        left = place.cluster.get(place.namespace, kind)
        assert [each for each in left if "moorage" in each["metadata"]["name"]] == [], kind
    with pytest.raises(WorkspaceGone):
        await driver.start(spec.name)


async def test_processes_inside(place: Place) -> None:
    spec = place.spec()
    await place.up(spec)
    code, out, _ = await output(
        place, spec.name, "sh", "-c", 'printf "%s|%s|%s" "$A" "$PWD" "$1"; exit 7', "sh", "a b\nc",
        environment={"A": "x\ny"}, folder="/etc",
    )  # fmt: skip
    assert (code, out) == (7, "x\ny|/etc|a b\nc")
    assert (await output(place, spec.name, "id", "-u", user="nobody"))[1].strip() == "65534"
    assert (await output(place, spec.name, "no-such-program"))[0] == 127
    inside = place.driver.inside(spec.name)
    process = await inside.run(("cat",), stdin=True)
    await process.write(b"through")
    await process.close_input()
    assert [data async for _, data in process.output()] == [b"through"]
    assert await process.wait() == 0
    terminal = await inside.run(
        ("sh", "-c", "test -t 0 && stty size && echo $A"), terminal=True, environment={"A": "b"}
    )
    await terminal.resize(91, 33)
    said = b"".join([data async for _, data in terminal.output()])
    assert b"b" in said
    assert await inside.exists("/etc/passwd")
    assert not await inside.exists("/no/such")
    archive = await inside.read("/etc/passwd")
    assert archive is not None
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        assert opened.getnames() == ["passwd"]
    assert await inside.read("/no/such") is None
    await inside.write("/tmp", archive)
    assert await inside.exists("/tmp/passwd")


@pytest.mark.parametrize("script", ["exit 7", "head -c 5; exit 7"])
async def test_a_process_ends_with_most_of_its_input_unread(place: Place, script: str) -> None:
    spec = place.spec()
    await place.up(spec)
    process = await place.driver.inside(spec.name).run(("sh", "-c", script), user="nobody", stdin=True)

    async def feed() -> None:
        with contextlib.suppress(BrokenPipeError):
            for _ in range(256):
                await process.write(b"words" * 13107)
            await process.close_input()

    feeding = asyncio.create_task(feed())
    async with asyncio.timeout(20):
        said = b"".join([data async for _, data in process.output()])
        assert (await process.wait(), said) == (7, b"words" if "head" in script else b"")
        await process.close()
        await feeding


async def test_a_process_ends_while_its_input_stays_open(place: Place) -> None:
    spec = place.spec()
    await place.up(spec)
    process = await place.driver.inside(spec.name).run(("sh", "-c", "kill -9 $$"), stdin=True)
    async with asyncio.timeout(20):
        assert [data async for _, data in process.output()] == []
        assert await process.wait() == 137
    await process.close()


async def test_what_is_wrong_is_told_at_any_time(place: Place) -> None:
    spec = place.spec()
    await place.up(spec)
    assert await place.driver.explain(spec.name) is None
    await output(place, spec.name, "kill", "1")
    for _ in range(100):
        found = await place.driver.explain(spec.name)
        if found is not None:
            break
        await asyncio.sleep(0.1)
    assert found is not None
    assert found.code == "crash-loop"
    await place.driver.stop(spec.name)
    assert await place.driver.explain(spec.name) is None


async def test_five_at_once_come_to_one_workspace(place: Place) -> None:
    spec = place.spec()
    await asyncio.gather(*(place.up(spec) for _ in range(5)))
    assert len(await listed(place.driver.cluster, place.namespace)) == 1
    assert len(place.cluster.get(place.namespace, "pods")) == 1


async def test_workspaces_are_listed_by_their_labels(place: Place) -> None:
    spec = place.spec()
    await place.driver.create(spec, place.facts, Known(remote=ROOT))
    (found,) = await place.driver.list()
    assert (found.workspace, found.name, found.owner, found.source, found.state) == (
        spec.workspace,
        "app",
        "me",
        "/src",
        "created",
    )
    await place.driver.start(spec.name)
    assert [each.state for each in await place.driver.list()] == ["running"]


async def test_a_pod_that_is_lost_comes_back_and_runs_its_hooks(place: Place) -> None:
    lines = b"F/\nGonCreateCommand:0\nMonce\nKonCreateCommand:0\nHx\nAtouch\nA/workspaces/app/made\ngo\n"
    spec = place.spec()
    await place.up(spec, Known(remote=ROOT, plan=Plan(script=lines)))
    await output(place, spec.name, "mkdir", "/workspaces/app")
    before = await place.driver.observe(spec.name)
    assert before.journal.done == ()
    place.cluster.kubectl(
        "--namespace", place.namespace, "delete", "pod", place.pod(spec)["metadata"]["name"]
    )
    await place.driver.start(spec.name)
    for _ in range(100):
        after = await place.driver.observe(spec.name)
        if "onCreateCommand:0" in after.journal.done:
            break
        await asyncio.sleep(0.1)
    assert "onCreateCommand:0" in after.journal.done
    assert await place.driver.inside(spec.name).exists("/workspaces/app/made")


async def test_volumes_begin_with_what_the_image_has(place: Place) -> None:
    spec = place.spec(
        mounts=(Mount(kind="volume", source="conf", target="/etc"), Mount(kind="volume", target="/var/spool"))
    )
    await place.up(spec)
    code, out, _ = await output(place, spec.name, "sh", "-c", "cat /etc/passwd; echo mine > /etc/mine")
    assert code == 0
    assert "root" in out
    await place.driver.stop(spec.name)
    await place.driver.start(spec.name)
    assert (await output(place, spec.name, "cat", "/etc/mine"))[1] == "mine\n"


async def test_a_stopped_workspace_starts_as_its_files_say_now(place: Place) -> None:
    cache = Mount(kind="volume", source="cache", target="/cache")
    spec = place.spec(mounts=(cache,), extras=("--hostname=before",))
    await place.up(spec)
    await place.driver.stop(spec.name)
    now = msgspec.structs.replace(spec, mounts=(), extras=("--cpus=1",), environment=(("GREETING", "now"),))
    await place.up(now)
    pod = place.pod(spec)["spec"]
    assert "hostname" not in pod
    assert [each for each in pod["volumes"] if "persistentVolumeClaim" in each][1:] == []
    assert "initContainers" not in pod
    assert (await output(place, spec.name, "sh", "-c", "echo $GREETING"))[1] == "now\n"
    assert not await place.driver.inside(spec.name).exists("/cache")


async def test_a_role_is_bound_and_goes_when_the_option_changes(place: Place) -> None:
    spec = place.spec()
    place.with_options(clusterRole="view")
    await place.up(spec)
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert await place.driver.inside(spec.name).exists(token)
    mine = f"--selector={names.ID}={spec.workspace}"
    assert len(place.cluster.get(place.namespace, "rolebindings", mine)) == 1
    place.with_options()
    await place.driver.remove(spec.name)
    await place.up(spec)
    assert not await place.driver.inside(spec.name).exists(token)
    assert place.cluster.get(place.namespace, "rolebindings", mine) == []


async def test_delete_in_the_middle_of_an_up_leaves_nothing(place: Place) -> None:
    spec = place.spec()
    for delay in (0.0, 0.02, 0.05, 0.1, 0.3, 1.0):
        up = asyncio.create_task(place.up(spec))
        await asyncio.sleep(delay)
        await place.driver.delete(spec.workspace)
        up.cancel()
        await asyncio.gather(up, return_exceptions=True)
        await place.driver.delete(spec.workspace)
    await asyncio.sleep(1)
    for kind in ("configmaps", "secrets", "persistentvolumeclaims", "deployments", "pods"):
        left = place.cluster.get(place.namespace, kind)
        assert [each for each in left if "moorage" in each["metadata"]["name"]] == [], kind


async def test_an_up_that_was_cut_off_anywhere_is_finished_by_the_next(place: Place) -> None:
    def there() -> dict[str, list[str]]:
        kinds = ("configmaps", "secrets", "persistentvolumeclaims", "deployments", "serviceaccounts")
        found = {kind: place.cluster.get(place.namespace, kind) for kind in kinds}
        return {kind: sorted(each["metadata"]["name"] for each in several) for kind, several in found.items()}

    spec = place.spec()
    await place.up(spec)
    whole = there()
    await place.driver.delete(spec.workspace)
    for delay in (0.01, 0.03, 0.06, 0.1, 0.4, 0.9):
        up = asyncio.create_task(place.up(spec))
        await asyncio.sleep(delay)
        up.cancel()
        await asyncio.gather(up, return_exceptions=True)
    await place.up(spec)
    assert there() == whole
    assert (await place.driver.observe(spec.name)).journal.prepared


async def test_restricted_pod_security(place: Place) -> None:
    place.cluster.kubectl(
        "label", "namespace", place.namespace, "pod-security.kubernetes.io/enforce=restricted", "--overwrite"
    )
    await place.driver.facts()
    someone = Identity(uid=65534, gid=65534, name="nobody", home="/")
    spec = place.spec(remote_user="nobody")
    refused = place.driver.check(
        msgspec.structs.replace(spec, privileged=True), place.facts, Known(remote=someone)
    )
    assert "privileged" in "".join(refused.refusals)
    await place.up(spec, Known(remote=someone))
    assert (await output(place, spec.name, "id", "-u", user="nobody"))[1].strip() == "65534"
    assert (await place.driver.observe(spec.name)).journal.prepared
