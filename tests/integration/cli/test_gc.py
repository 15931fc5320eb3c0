"""gc on a real engine. Real removal is tried on this test's own objects only: others use the engine too."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from moorage.events import Redacting, Silent
from moorage.spec import names
from moorage.workspace.gc import caches, decide, look, mine, remove
from moorage.workspace.opening import open_site
from moorage.workspace.site import Site
from tests.outside import Cli, Docker, Images, Traces


@pytest.fixture
async def site(moorage: Cli) -> AsyncIterator[Site]:
    async with open_site(Redacting(Silent()), environment=moorage.env) as opened:
        yield opened


def built(docker: Docker, cleanup: Traces, images: Images) -> str:
    """An image as moorage names and labels its own."""
    reference = f"moorage/devcontainer:{cleanup.token}"
    dockerfile = f"FROM {images.busybox}\nLABEL {names.IMAGE_INPUTS}={cleanup.token}\n"
    docker("build", "--tag", reference, "-", stdin=dockerfile)
    return reference


def listed(result: object, kind: str) -> list[str]:
    assert isinstance(result, dict)
    return [each["name"] for each in result["removed"] if each["kind"] == kind]


async def test_images_go_when_no_container_has_them(
    site: Site, moorage: Cli, docker: Docker, cleanup: Traces, images: Images
) -> None:
    reference = built(docker, cleanup, images)
    container = docker("create", "--label", f"test={cleanup.token}", reference)
    assert reference not in listed(moorage.ok("gc", "--dry-run", "--output", "json").json(), "image")
    docker("rm", container)
    said = moorage.ok("gc", "--dry-run")
    assert f"would remove image {reference}" in said.stdout
    own = tuple(each for each in decide(await look(site), owner=mine(site)) if each.name == reference)
    assert len(own) == 1
    done = await remove(site, own)
    assert done.removed == own
    assert reference not in docker.lines("image", "ls", "--format", "{{.Repository}}:{{.Tag}}")


async def test_an_image_that_is_used_by_now_is_kept(
    site: Site, docker: Docker, cleanup: Traces, images: Images
) -> None:
    reference = built(docker, cleanup, images)
    own = tuple(each for each in decide(await look(site), owner=mine(site)) if each.name == reference)
    docker("run", "--detach", "--label", f"test={cleanup.token}", reference, "sleep", "60")
    done = await remove(site, own)
    assert [each.why for each in done.kept] == ["in use"]


async def test_helpers_that_were_left_behind(
    site: Site, docker: Docker, cleanup: Traces, images: Images
) -> None:
    labels = {names.ROLE: "helper", names.OWNER: mine(site), names.ID: cleanup.token}
    given = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    docker("create", "--name", cleanup.token, *given, images.busybox)
    seen = await look(site)
    later = msgspec.structs.replace(seen, now=time.time() + 120)
    own = tuple(each for each in decide(later, owner=mine(site)) if each.name == cleanup.token)
    assert [each.kind for each in own] == ["helper"]
    assert cleanup.token not in {each.name for each in decide(seen, owner=mine(site))}
    await remove(site, own)
    assert cleanup.containers() == []


async def test_volumes_are_only_told_until_asked_and_confirmed(
    site: Site, moorage: Cli, docker: Docker, cleanup: Traces
) -> None:
    labels = {names.ID: cleanup.token, names.OWNER: mine(site), names.SOURCE: "git:https://x.invalid/y"}
    given = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    docker("volume", "create", *given, cleanup.token)
    later = msgspec.structs.replace(await look(site), now=time.time() + 4000)
    own = tuple(each for each in decide(later, owner=mine(site)) if each.name == cleanup.token)
    assert "https://x.invalid/y" in own[0].why
    assert cleanup.token not in moorage.ok("gc", "--dry-run", "--volumes").stdout  # too young for gc itself
    await remove(site, own)
    assert cleanup.volumes() == []


async def test_caches(site: Site, moorage: Cli) -> None:
    for name in ("contexts", "photos"):
        (site.cache / name).mkdir(parents=True)
        (site.cache / name / "file").write_bytes(b"x" * 5000)
    said = moorage.ok("gc", "--dry-run", "--caches").stdout
    assert f"would remove cache {site.cache}/contexts" in said
    assert "photos" not in said
    done = await remove(site, caches(site.cache))
    assert [each.kind for each in done.removed] == ["cache"]
    assert [each.name for each in site.cache.iterdir()] == ["photos"]


def test_no_engine_is_one_clear_error(moorage: Cli) -> None:
    result = moorage("gc", "--output", "json", env={"DOCKER_HOST": "unix:///nonexistent.sock"})
    assert result.code == 5
    assert '"outcome":"error"' in result.stdout
