"""The docker driver on real engines."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage.drivers.base import Helper
from moorage.drivers.docker.driver import DockerDriver
from moorage.drivers.docker.errors import BadRunArgs, StartFailed, StoppedAtOnce
from moorage.engine import containers, volumes
from moorage.engine.errors import EngineRefused, ImageMissing, NameTaken, NoSuchUser, PortTaken
from moorage.engine.execution import Execution
from moorage.engine.ustar import Entry, pack
from moorage.spec import journal, names
from moorage.spec.run import Content, Mount, Port, RunSpec, differences

Spec = Callable[..., RunSpec]


async def _output(driver: DockerDriver, name: str, script: str, **how: str) -> str:
    process = await driver.inside(name).run(("sh", "-c", script), **how)
    text = "".join([data.decode() async for _, data in process.output()])
    assert await process.wait() == 0, text
    await process.close()
    return text


async def _up(driver: DockerDriver, spec: RunSpec) -> str:
    await driver.create(spec, await driver.facts())
    await driver.start(spec.name)
    return spec.name


async def test_facts(driver: DockerDriver) -> None:
    facts = await driver.facts()
    assert facts.product == "docker"
    assert facts.platform.startswith("linux/")
    assert facts.cpus > 0
    assert facts.memory > 1 << 20
    assert facts.local
    assert "runc" in facts.runtimes


async def test_a_workspace_comes_and_goes(driver: DockerDriver, spec: Spec, tmp_path: Path) -> None:
    wanted = spec()
    (tmp_path / "here").write_text("content")
    assert (await driver.observe(wanted.name)).container is None
    created = await driver.create(wanted, await driver.facts())
    assert (created.state, created.name, created.started_at) == ("created", wanted.name, "")
    assert differences(created.labels[names.SPEC], wanted) == ()
    await driver.start(wanted.name)
    await driver.start(wanted.name)
    assert await _output(driver, wanted.name, "cat /workspaces/project/here") == "content"
    running = (await driver.observe(wanted.name)).container
    assert running is not None
    assert (running.state, running.id) == ("running", created.id)
    assert running.started_at
    assert ("bind", str(tmp_path), "/workspaces/project") in running.mounts
    begun = time.monotonic()
    await driver.stop(wanted.name)
    assert time.monotonic() - begun < 5, "the first process did not react to TERM"
    stopped = (await driver.observe(wanted.name)).container
    assert stopped is not None
    assert (stopped.state, stopped.exit_code) == ("exited", 0)
    assert await driver.delete(wanted.workspace) == (f"container {wanted.name}",)
    assert await driver.delete(wanted.workspace) == ()


async def test_a_warm_look_takes_two_reads(driver: DockerDriver, spec: Spec) -> None:
    name = await _up(driver, spec())
    found = (await driver.observe(name)).container
    assert found is not None
    folder = journal.state(found.id).lstrip("/")
    entries = [Entry(name=str(each), folder=True) for each in (*reversed(Path(folder).parents), folder)][1:]
    entries.append(Entry(name=f"{folder}/journal", data=b"prepared\ndone onCreateCommand:0\n"))
    await driver.inside(name).write("/", pack(entries))
    driver.engine.requests.clear()
    observation = await driver.observe(name, volume="v", helper="h")
    assert observation.journal.done == ("onCreateCommand:0",)
    assert len(driver.engine.requests) == 2
    assert all(request.startswith("GET ") for request in driver.engine.requests)


async def test_names_are_a_lock(driver: DockerDriver, spec: Spec) -> None:
    facts = await driver.facts()
    results = await asyncio.gather(*(driver.create(spec(), facts) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, NameTaken) for result in results) == 4


async def test_all_the_settings(driver: DockerDriver, spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "variables").write_text("# comment\nIN_FILE=1\n")
    wanted = spec(
        environment=(("GREETING", "hello = wörld\n"),),
        user="nobody",
        init=True,
        cap_add=("SYS_PTRACE",),
        security_opt=("seccomp=unconfined",),
        ports=(Port(text="127.0.0.1:0:3000"),),
        mounts=(
            Mount(kind="tmpfs", target="/scratch", options=(("tmpfs-size", "1m"), ("tmpfs-mode", "1777"))),
            Mount(kind="volume", target="/anonymous"),
            Mount(kind="bind", source=str(tmp_path), target="/ro", read_only=True),
        ),
        extras=(
            "--env-file=variables", "-e", "FROM_HERE", "-eSHORT=1", "-it", "--hostname", "harbour",
            "--shm-size=32m", "--memory", "256m", "--cpus=0.5", "--ulimit", "nofile=512:1024",
            "--add-host=a.example:10.0.0.1", "--label", "extra=x",
            "--sysctl", "net.ipv4.ip_unprivileged_port_start=80", "--pids-limit=200",
            "--group-add", "12345", "-w", "/scratch", "--dns=10.0.0.53", "--log-opt", "max-size=1m",
            "--log-driver=json-file", "--cap-drop=NET_RAW", "--restart=no", "--stop-timeout", "3",
            "--read-only",
            "--health-cmd", "true", "--health-interval=1m", "--init=true",
        ),
    )  # fmt: skip
    name = await _up(driver, wanted)
    script = (
        'id -u; id -G; hostname; pwd; printf "%s|" "$GREETING" "$IN_FILE" "$FROM_HERE" "$SHORT";'
        " grep -c /scratch /proc/mounts; grep 'open files' /proc/1/limits; grep a.example /etc/hosts;"
        " grep Seccomp: /proc/self/status;"
        " touch /ro/x 2>/dev/null || echo read-only; touch /x 2>/dev/null || echo read-only-root;"
        " cat /proc/1/comm; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; grep 53 /etc/resolv.conf;"
        " df -k /dev/shm | tail -1"
    )
    lines = (await _output(driver, name, script)).splitlines()
    assert lines[0] == "65534"
    assert "12345" in lines[1].split()
    assert lines[2:6] == ["harbour", "/scratch", "hello = wörld", "|1|yes|1|1"]
    assert lines[6].split()[3:5] == ["512", "1024"]  # what exec gets, a runc of this age may have raised
    text = "\n".join(lines)
    for part in ("10.0.0.1", "Seccomp:\t0", "read-only", "read-only-root", "10.0.0.53", "\n80\n", "32768"):
        assert part in text
    assert any(word in text for word in ("tini", "docker-init"))
    found = (await driver.observe(name)).container
    assert found is not None
    assert found.labels["extra"] == "x"
    assert "wörld" not in found.labels[names.SPEC]


async def test_ports_are_published_and_conflicts_explained(driver: DockerDriver, spec: Spec) -> None:
    first = await _up(driver, spec(ports=(Port(text="127.0.0.1::3000"),)))
    answer = await driver.engine.get(f"/containers/{first}/json", dict)
    taken = answer["NetworkSettings"]["Ports"]["3000/tcp"][0]["HostPort"]
    second = spec(name=first + "b", ports=(Port(text=f"127.0.0.1:{taken}:3000"),))
    await driver.create(second, await driver.facts())
    with pytest.raises(PortTaken) as caught:
        await driver.start(second.name)
    assert taken in "\n".join(caught.value.evidence)


async def test_a_clone_s_volume_lies_one_level_up_and_is_deleted(driver: DockerDriver, spec: Spec) -> None:
    volume = f"moorage-test-{spec().workspace}-v"
    wanted = spec(content=Content(kind="clone", source="u", target="/workspaces/project", volume=volume))
    assert (await driver.observe(wanted.name, volume=volume)).volume == "none"
    await driver.create(wanted, await driver.facts())
    assert (await driver.observe(wanted.name, volume=volume)).volume == "empty"
    inside = driver.inside(wanted.name)
    assert not await inside.exists("/workspaces/project")
    await inside.write("/workspaces", pack([Entry(name="project", folder=True, mode=0o755)]))
    assert await inside.exists("/workspaces/project")
    await driver.start(wanted.name)
    assert (await driver.observe(wanted.name, volume=volume)).volume == "complete"
    found = [each for each in await driver.list() if each.workspace == wanted.workspace]
    assert [(each.name, each.state, each.container) for each in found] == [("test", "running", wanted.name)]
    await containers.remove(driver.engine, wanted.name)
    found = [each for each in await driver.list() if each.workspace == wanted.workspace]
    assert [(each.name, each.state, each.container) for each in found] == [("test", "no container", "")]
    assert found[0].created > 1_600_000_000
    assert await driver.delete(wanted.workspace) == (f"volume {volume}",)
    assert await volumes.inspect(driver.engine, volume) is None


async def test_delete_takes_anonymous_volumes_and_networks_too(driver: DockerDriver, spec: Spec) -> None:
    wanted = spec(mounts=(Mount(kind="volume", target="/data"),))
    name = await _up(driver, wanted)
    found = (await driver.observe(name)).container
    assert found is not None
    anonymous = next(source for kind, source, _ in found.mounts if kind == "volume")
    network = {"Name": name, "Labels": {names.ID: wanted.workspace}}
    await driver.engine.post("/networks/create", json=network)
    removed = await driver.delete(wanted.workspace)
    assert set(removed) == {f"container {name}", f"network {name}"}
    assert await volumes.inspect(driver.engine, anonymous) is None


async def test_the_image_s_own_command_runs_where_it_is_asked_for(driver: DockerDriver, spec: Spec) -> None:
    name = await _up(
        driver, spec(image="moorage-test/static:latest", override_command=False, content=Content(kind="none"))
    )
    found = await containers.inspect(driver.engine, name)
    assert found is not None
    assert found.State.Status == "running"


async def test_entrypoints_run_before_either_command(driver: DockerDriver, spec: Spec) -> None:
    entrypoints = ("echo first >>/tmp/order", "exit 7", "echo 'it''s' >>/tmp/order")
    name = await _up(driver, spec(entrypoints=entrypoints))
    async with asyncio.timeout(20):
        while await containers.read(driver.engine, name, "/tmp/order") is None:
            await asyncio.sleep(0.05)
    script = "until grep -q its /tmp/order; do sleep 0.05; done; cat /tmp/order"
    assert await _output(driver, name, script) == "first\nits\n"
    await containers.remove(driver.engine, name)
    await driver.create(
        spec(entrypoints=entrypoints, override_command=False, image="busybox:latest"), await driver.facts()
    )
    found = await driver.engine.get(f"/containers/{name}/json", dict)
    assert found["Config"]["Entrypoint"][-2:] == ["--", "sh"]


async def test_without_a_shell_the_start_is_explained(driver: DockerDriver, spec: Spec) -> None:
    wanted = spec(image="moorage-test/static:latest")
    await driver.create(wanted, await driver.facts())
    with pytest.raises(StartFailed, match="no /bin/sh"):
        await driver.start(wanted.name)


async def test_a_command_that_ends_at_once_is_explained(driver: DockerDriver, spec: Spec) -> None:
    wanted = spec(override_command=False, extras=("--entrypoint", "hostname"))
    await driver.create(wanted, await driver.facts())
    with contextlib.suppress(StoppedAtOnce):
        await driver.start(wanted.name)
    await containers.wait(driver.engine, wanted.name, "not-running", timeout=30)
    with pytest.raises(StoppedAtOnce, match="exit code 0"):
        await driver.inside(wanted.name).run(("true",))


async def test_an_unknown_user_is_explained(driver: DockerDriver, spec: Spec) -> None:
    wanted = spec(user="nobody-of-this-name")
    with pytest.raises(NoSuchUser, match="user"):
        await _up(driver, wanted)


async def test_what_is_missing_is_named(driver: DockerDriver, spec: Spec, tmp_path: Path) -> None:
    facts = await driver.facts()
    with pytest.raises(ImageMissing):
        await driver.create(spec(image="moorage-test/no-such-image:1"), facts)
    gone = Content(kind="bind", source=str(tmp_path / "gone"), target="/w")
    with pytest.raises(EngineRefused, match="does not exist"):
        await driver.create(spec(content=gone), facts)
    with pytest.raises(BadRunArgs, match="cannot be read"):
        await driver.create(spec(extras=("--env-file", "no-such-file")), facts)
    assert (await driver.observe(spec().name)).container is None


async def test_networks_and_aliases(driver: DockerDriver, spec: Spec) -> None:
    wanted = spec()
    await driver.engine.post(
        "/networks/create", json={"Name": wanted.name, "Labels": {names.ID: wanted.workspace}}
    )
    extras = ("--network", wanted.name, "--network-alias=db", "--name", "mine", "--expose", "80")
    name = await _up(driver, spec(extras=extras))
    assert "Address" in await _output(driver, name, "nslookup db 2>&1 || true")
    found = (await driver.observe(name)).container
    assert found is not None
    assert found.name == wanted.name
    assert found.addresses


# ── helpers ──


def _helper(spec: RunSpec, script: str, **changes: object) -> Helper:
    fields: dict[str, object] = {
        "name": spec.name + "-helper",
        "image": "busybox:latest",
        "argv": ("sh", "-c", script),
        "labels": ((names.ID, spec.workspace),),
    }
    return Helper(**{**fields, **changes})


async def test_a_helper_runs_reports_and_is_gone(driver: DockerDriver, spec: Spec) -> None:
    wanted, lines = spec(), list[str]()
    script = 'read secret; echo "got ${#secret} $A"; printf "10%%\\r20%%\\n" >&2; id -u; exit 5'
    helper = _helper(wanted, script, stdin=b"hidden\n", environment=(("A", "b c"),), user="1000:1000")
    assert await driver.run_helper(helper, lines.append) == 5
    assert sorted(lines) == ["10%", "1000", "20%", "got 6 b c"]
    assert await containers.inspect(driver.engine, helper.name) is None


async def test_helpers_of_one_name_share_one_run(driver: DockerDriver, spec: Spec) -> None:
    wanted = spec()
    volume = f"moorage-test-{wanted.workspace}-v"
    await volumes.create(driver.engine, volume, {names.ID: wanted.workspace})
    helper = _helper(
        wanted,
        "echo run >>/v/runs; sleep 1; exit 3",
        mounts=(Mount(kind="volume", source=volume, target="/v"),),
    )
    codes = await asyncio.gather(*(driver.run_helper(helper, lambda line: None) for _ in range(3)))
    assert codes == [3, 3, 3]
    count = _helper(wanted, "exit $(wc -l </v/runs)", mounts=helper.mounts)
    assert await driver.run_helper(count, lambda line: None) == 1


async def test_a_helper_that_was_never_started_is_replaced(
    driver: DockerDriver, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moorage.drivers.docker.helpers._NEVER_STARTED", 0.2)
    helper = _helper(spec(), "exit 4")
    body = {"Image": helper.image, "Labels": dict(helper.labels)}
    await containers.create(driver.engine, helper.name, body)
    assert await driver.run_helper(helper, lambda line: None) == 4


async def test_a_cancelled_helper_is_removed(driver: DockerDriver, spec: Spec) -> None:
    helper, started = _helper(spec(), "echo begun; sleep 600"), asyncio.Event()
    running = asyncio.create_task(driver.run_helper(helper, lambda line: started.set()))
    async with asyncio.timeout(20):
        await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await containers.inspect(driver.engine, helper.name) is None


async def test_exec_is_three_requests(driver: DockerDriver, spec: Spec) -> None:
    name = await _up(driver, spec())
    driver.engine.requests.clear()
    process = await driver.inside(name).run(("true",))
    assert isinstance(process, Execution)
    assert await process.wait() == 0
    await process.close()
    assert len(driver.engine.requests) == 3
