"""The runner where it belongs: in containers of real engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from moorage.devcontainer.lifecycle import Stage
from moorage.devcontainer.users import UidChange, plan_uid
from moorage.drivers.docker.driver import DockerDriver
from moorage.drivers.docker.inside import DockerInside
from moorage.engine import containers
from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.engine.ustar import files
from moorage.lifecycle.conversation import NoShell, RunnerLost, RunnerUnreachable, UnknownUser
from moorage.lifecycle.hooks import HookOutcome, HookRun, run_hooks
from moorage.lifecycle.log import kept
from moorage.lifecycle.probe import user_environment
from moorage.spec import journal, names
from moorage.spec.observation import Container, Journal
from moorage.spec.run import Content, RunSpec
from moorage.workspace.apply.preparation import Ids, archive, owed_by
from tests.integration.lifecycle.place import Recorder, stage, until

WITH_SHELL = pytest.mark.parametrize("image", ["debian:bookworm-slim", "busybox:latest"])


class Ship:
    """One container with the runner in it."""

    def __init__(self, driver: DockerDriver) -> None:
        self.driver = driver
        self.workspace = uuid4().hex[:16]
        self.name = f"moorage-test-{self.workspace}"
        self.inside: DockerInside = driver.inside(self.name)

    async def launch(self, image: str, *, uid: int = 0, change: bool = False) -> Container:
        spec = RunSpec(
            image=image,
            workspace=self.workspace,
            name=self.name,
            content=Content(kind="none"),
            override_command="static" not in image,
            labels=((names.ID, self.workspace), (names.NAME, "test"), (names.SOURCE, "test")),
        )
        made = await self.driver.create(spec, await self.driver.facts())
        found = plan_uid(await self.text("/etc/passwd"), await self.text("/etc/group"), "vscode", uid, uid)
        ids = found if change and isinstance(found, UidChange) else None
        owed = owed_by(ids) if ids else ""
        await self.inside.write("/", archive(made.id, Ids(uid, uid, ids, owed)))
        await self.driver.start(self.name)
        return await self.container()

    async def text(self, path: str) -> str:
        return next(iter(files(await self.inside.read(path) or bytes(1024)).values()), b"").decode()

    async def container(self) -> Container:
        found = (await self.driver.observe(self.name)).container
        assert found
        return found

    async def journal(self) -> Journal:
        return (await self.driver.observe(self.name)).journal

    async def up(self, *stages: Stage, reporter: Recorder | None = None, **changes: object) -> HookOutcome:
        seen = await self.container()
        given: dict[str, object] = {
            "instance": seen.id,
            "started_at": seen.started_at,
            "user": "root",
            "folder": "/tmp",
            "stages": stages,
            "container_environment": seen.environment,
        }
        run = HookRun(**(given | changes))  # type: ignore[arg-type]
        return await run_hooks(self.inside, run, reporter or Recorder())

    async def told(self, *argv: str, user: str = "") -> str:
        process = await self.inside.run(argv, user=user)
        said = b"".join([data async for _, data in process.output()])
        await process.close()
        return said.decode()

    async def runners(self) -> int:
        """Processes inside that belong to the runner."""
        lines = 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done 2>/dev/null'
        script = f'{lines} | grep -c "^/bin/sh /var"'
        return int(await self.told("/bin/sh", "-c", script))

    async def quiet(self) -> None:
        for _ in range(150):
            if not await self.runners():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(await self.told("sh", "-c", "cat /proc/[0-9]*/cmdline"))


@pytest.fixture
async def ship(engine: object) -> AsyncIterator[Ship]:
    async with DockerDriver(Engine(at(engine.host, "the test"))) as driver:  # type: ignore[attr-defined]
        made = Ship(driver)
        yield made
        await driver.delete(made.workspace)


@pytest.fixture
async def old_ship(old_engine: object) -> AsyncIterator[Ship]:
    async with DockerDriver(Engine(at(old_engine.host, "the test"))) as driver:  # type: ignore[attr-defined]
        made = Ship(driver)
        yield made
        await driver.delete(made.workspace)


async def whole_life(ship: Ship, image: str) -> None:
    await ship.launch(image)
    hooks = (
        stage("onCreateCommand", "echo a >>/out"),
        stage("postCreateCommand", b="echo b >>/out; echo from b", c="printf '%s' \"$WORD\" >>/seen"),
        stage("postStartCommand", "echo d >>/out"),
    )
    recorder = Recorder()
    layers = (("WORD", "two\nlines 'and' \"quotes\""),)
    first = await ship.up(*hooks, reporter=recorder, remote_environment=layers)
    assert len(first.ended) == 4
    assert "from b" in recorder.text()
    assert await ship.text("/out") == "a\nb\nd\n"
    assert await ship.text("/seen") == "two\nlines 'and' \"quotes\""
    assert (await ship.up(*hooks)).ended == ()
    await ship.driver.stop(ship.name, seconds=0)
    await ship.driver.start(ship.name)
    assert [key.split("@")[0] for key in (await ship.up(*hooks)).ended] == ["postStartCommand:0"]
    assert await ship.text("/out") == "a\nb\nd\nd\n"
    lines = list(kept(files(await ship.inside.read(journal.logs((await ship.container()).id)) or b"")))
    assert any(line.text == "from b" and line.key == "postCreateCommand:0/b" for line in lines)
    await ship.quiet()


@WITH_SHELL
async def test_a_whole_life(ship: Ship, image: str) -> None:
    await whole_life(ship, image)


async def test_a_whole_life_on_an_old_engine(old_ship: Ship) -> None:
    await whole_life(old_ship, "debian:bookworm-slim")


@WITH_SHELL
async def test_a_client_that_vanishes_is_followed_by_another(ship: Ship, image: str) -> None:
    await ship.launch(image)
    hooks = stage("onCreateCommand", "echo x >>/out; until [ -e /gate ]; do sleep 0.05; done; echo end")
    task = asyncio.create_task(ship.up(hooks))
    while not await ship.text("/out"):
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])
    for _ in range(100):
        if await ship.runners() <= 1:
            break
        await asyncio.sleep(0.02)
    assert await ship.runners() == 1  # the worker alone
    recorder = Recorder()
    again = asyncio.create_task(ship.up(hooks, reporter=recorder))
    await until(lambda: bool(recorder.events))
    await ship.told("touch", "/gate")
    assert (await again).adopted
    assert await ship.text("/out") == "x\n"
    assert recorder.text() == ["end"]
    await ship.quiet()


async def test_a_stopped_container_goes_on_after_its_start(ship: Ship) -> None:
    await ship.launch("debian:bookworm-slim")
    hooks = (
        stage("onCreateCommand", "echo a >>/out"),
        stage("postCreateCommand", "[ -e /begun ] || { : >/begun; exec sleep 60; }; echo b >>/out"),
    )
    task = asyncio.create_task(ship.up(*hooks))
    while await ship.inside.read("/begun") is None:
        await asyncio.sleep(0.02)
    await ship.driver.stop(ship.name, seconds=0)
    with pytest.raises(RunnerLost):
        await task
    assert (await ship.journal()).running
    await ship.driver.start(ship.name)
    assert (await ship.up(*hooks)).ended == ("postCreateCommand:0",)
    assert await ship.text("/out") == "a\nb\n"


async def test_the_users_own_ids_and_environment(ship: Ship) -> None:
    made = await ship.launch("moorage-test/devcontainer:latest", uid=4321, change=True)
    seen = await ship.journal()
    assert seen.owed == "1000 1000 4321 4321 /home/vscode"
    words = seen.owed.split(" ")
    assert await ship.told("/bin/sh", journal.RUNNER, "own", journal.state(made.id), *words, user="0:0") == ""
    assert (await ship.journal()).owed == ""
    recorder = Recorder()
    tell = stage("onCreateCommand", "id -u; pwd; stat -c %u ~/.bashrc; echo 'export MINE=1' >>~/.profile")
    await ship.up(tell, user="vscode", folder="/gone", reporter=recorder)
    assert recorder.text() == ["4321", "/home/vscode", "4321"]
    await ship.quiet()
    found = await user_environment(
        ship.inside,
        made,
        await ship.journal(),
        user="vscode",
        probe="loginInteractiveShell",
        reporter=recorder,
    )
    assert found.values["MINE"] == "1"


async def test_an_image_without_a_shell(ship: Ship) -> None:
    await ship.launch("moorage-test/static:latest")
    with pytest.raises(NoShell) as caught:
        await ship.up(stage("onCreateCommand", "true"), user="")
    assert "no /bin/sh" in caught.value.message


async def test_a_user_that_is_not_there(ship: Ship) -> None:
    await ship.launch("busybox:latest")
    with pytest.raises(UnknownUser) as caught:
        await ship.up(stage("onCreateCommand", "true"), user="vscode")
    assert caught.value.message == "The user vscode is not in the container."


async def test_a_container_that_nobody_prepared(ship: Ship) -> None:
    await ship.launch("busybox:latest")
    await ship.told("rm", journal.RUNNER)
    with pytest.raises(RunnerUnreachable):
        await ship.up(stage("onCreateCommand", "true"))


async def test_the_journal_of_a_committed_container_does_not_count(ship: Ship) -> None:
    made = await ship.launch("busybox:latest")
    await ship.up(stage("onCreateCommand", "true"))
    read = files(await containers.read(ship.driver.engine, ship.name, journal.FOLDER) or b"")
    assert journal.parse(read, made.id).done == ("onCreateCommand:0",)
    assert journal.parse(read, "f" * 64) == Journal()
