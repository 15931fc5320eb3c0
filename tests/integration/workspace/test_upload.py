"""A folder uploaded into a container: all of it or nothing, and what is there already stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from moorage.drivers.docker.driver import DockerDriver
from moorage.drivers.docker.options import Options
from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.errors import MoorageError
from moorage.events import Redacting
from moorage.facts.folder import FolderChanged
from moorage.planner.steps import UploadSource
from moorage.spec import names
from moorage.spec.run import Content, RunSpec
from moorage.workspace.apply.upload import NoTar, upload_source
from moorage.workspace.site import Site
from scripts.engines.provision import Engine as Provided
from tests.unit.builders.recorder import Recorder

PLACE = "/workspaces/deep/project"
Made = Callable[..., "Target"]


class Target:
    """One running container, and what is asked of it."""

    def __init__(self, site: Site, name: str, folder: Path) -> None:
        self.site, self.name, self.folder = site, name, folder

    async def upload(self, user: str = "") -> None:
        step = UploadSource(container=self.name, source=str(self.folder), folder=PLACE, user=user)
        await upload_source(self.site, step)

    async def says(self, script: str) -> str:
        process = await self.site.driver.inside(self.name).run(("sh", "-c", script))
        text = "".join([data.decode() async for _, data in process.output()])
        await process.wait()
        await process.close()
        return text


@pytest.fixture
async def target(engine: Provided, tmp_path: Path) -> AsyncIterator[Callable[[str], object]]:
    workspace = uuid4().hex[:16]
    client = Engine(at(engine.host, "the test"))
    async with DockerDriver(client, {}) as driver:
        site = Site(
            engine=client,
            driver=driver,
            options=Options(),
            reporter=Redacting(Recorder()),
            cache=str(tmp_path / "cache"),
            environment={},
        )

        async def make(image: str = "moorage-test/devcontainer:latest") -> Target:
            spec = RunSpec(
                image=image,
                workspace=workspace,
                name=f"moorage-test-{workspace}",
                content=Content(kind="none"),
                labels=((names.ID, workspace), (names.NAME, "test"), (names.SOURCE, "test")),
            )
            await driver.create(spec, await driver.facts())
            await driver.start(spec.name)
            folder = tmp_path / "project"
            (folder / "src").mkdir(parents=True)
            (folder / "src/a file").write_text("content")
            return Target(site, spec.name, folder)

        yield make
        await driver.delete(workspace)


@pytest.mark.parametrize("image", ["moorage-test/devcontainer:latest", "busybox:latest"])
async def test_it_arrives_whole(target: Callable[..., object], image: str) -> None:
    made: Target = await target(image)  # type: ignore[misc]  # the fixture's function is asynchronous
    (made.folder / "large").write_bytes(b"x" * (20 << 20))
    await made.upload()
    assert await made.says(f"cat '{PLACE}/src/a file'; wc -c < {PLACE}/large") == f"content{20 << 20}\n"
    assert (await made.says(f"ls {PLACE}/.. {PLACE}")).split() == [
        f"{PLACE}:", "large", "src", f"{PLACE}/..:", "project",
    ]  # fmt: skip


async def test_it_belongs_to_the_remote_user(target: Callable[..., object]) -> None:
    made: Target = await target()  # type: ignore[misc]  # as above
    await made.upload("vscode")
    assert await made.says(f"stat -c %U {PLACE} '{PLACE}/src/a file'") == "vscode\nvscode\n"


async def test_what_is_there_stays(target: Callable[..., object]) -> None:
    made: Target = await target()  # type: ignore[misc]  # as above
    await made.upload()
    await made.says(f"echo mine > '{PLACE}/src/a file'")
    await made.upload()
    assert await made.says(f"cat '{PLACE}/src/a file'") == "mine\n"
    assert (await made.says(f"ls {PLACE}/..")).split() == ["project"]


async def test_one_that_is_cut_off_leaves_nothing_visible(target: Callable[..., object]) -> None:
    made: Target = await target()  # type: ignore[misc]  # as above
    (made.folder / "zz").write_bytes(b"x" * (200 << 20))
    first = asyncio.create_task(made.upload())
    while not await made.says(f"ls -d {PLACE}.moorage-partial.*/src 2>/dev/null"):
        assert not first.done(), first
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await made.says(f"test -e {PLACE} || echo nothing") == "nothing\n"
    (made.folder / "zz").unlink()
    await made.upload()
    assert (await made.says(f"ls {PLACE}/..")).split() == ["project"]


async def test_a_file_that_changes_undoes_it(target: Callable[..., object]) -> None:
    made: Target = await target()  # type: ignore[misc]  # as above
    large = made.folder / "zz"
    large.write_bytes(b"x" * (300 << 20))
    task = asyncio.create_task(made.upload())
    while not await made.says(f"ls -d {PLACE}.moorage-partial.*/src 2>/dev/null"):
        assert not task.done(), task
    large.write_bytes(b"")
    with pytest.raises(FolderChanged):
        await task
    while "partial" in (left := await made.says("ls -A /workspaces/deep")):
        await asyncio.sleep(0)
    assert left == ""


async def test_two_at_once_come_to_one(target: Callable[..., object]) -> None:
    made: Target = await target()  # type: ignore[misc]  # as above
    await asyncio.gather(*(made.upload() for _ in range(4)))
    assert (await made.says(f"ls {PLACE}/..; ls -A {PLACE}")).split() == ["project", "src"]


async def test_an_image_without_tar_is_told(target: Callable[..., object]) -> None:
    made: Target = await target()  # type: ignore[misc]  # as above
    await made.says("rm -f /bin/tar /usr/bin/tar")
    with pytest.raises(NoTar) as failed:
        await made.upload()
    assert isinstance(failed.value, MoorageError)
