"""Builds with the engine's classic builder, as where there is no buildx."""

from __future__ import annotations

import pytest

from moorage.builders.engine.errors import BuilderMissing, BuildFailed
from moorage.events import Notice
from moorage.oci.credentials import Credential
from moorage.oci.failures import ImageNotFound, LoginRequired


@pytest.fixture
def classic(site):
    site.buildkit = False
    return site


async def test_an_image_and_a_word_about_the_fallback(classic, docker):
    classic.write("src/a.txt", "content")
    value = 'it\'s\n"quoted" ü'
    built = await classic.build(
        'FROM busybox AS first\nARG A\nCOPY src /src\nRUN printf %s "$A" > /value\nFROM busybox\nRUN false\n',
        args=(("A", value),),
        target="first",
    )
    assert built.image_id.startswith("sha256:")
    assert docker("run", "--rm", classic.tag, "cat", "/value", "/src/a.txt") == value + "content"
    notices = [event.code for event in classic.recorder.events if isinstance(event, Notice)]
    assert notices == ["legacy-builder"]
    again = await classic.build(
        'FROM busybox AS first\nARG A\nCOPY src /src\nRUN printf %s "$A" > /value\n', args=(("A", value),)
    )
    assert again.image_id == built.image_id
    assert again.cached_steps >= 2


async def test_a_failing_run(classic):
    with pytest.raises(BuildFailed) as caught:
        await classic.build("FROM busybox\n\nRUN echo oh && \\\n  exit 7\n")
    assert caught.value.line == 3
    assert caught.value.evidence[-1] == "oh"


async def test_what_it_cannot_do_is_refused_before_it_starts(classic):
    builder = classic.builder()
    text = "FROM busybox\nRUN --mount=type=cache,target=/c true\n"
    assert builder.check(classic.spec(text)) == ("Dockerfile:2: RUN --mount needs BuildKit",)
    with pytest.raises(BuilderMissing, match="Dockerfile:2"):
        await classic.build(text)
    assert not classic.recorder.events


async def test_copying_everything_copies_no_file_of_ours(classic, docker):
    classic.write("a.txt")
    await classic.build("FROM busybox\nCOPY . /all\n")
    assert docker("run", "--rm", classic.tag, "ls", "-A", "/all").split() == ["a.txt"]


async def test_base_images(classic, auth_registry, private):
    with pytest.raises(ImageNotFound):
        await classic.build("FROM moorage-test/no-such-image:1\n")
    with pytest.raises(LoginRequired):
        await classic.build(f"FROM {private}\n")
    classic.logins[auth_registry.address] = Credential(
        username=auth_registry.user, password=auth_registry.password
    )
    assert (await classic.build(f"FROM {private}\n")).image_id


async def test_on_an_old_engine(old_site):
    old_site.buildkit = False
    old_site.write("a.txt")
    assert (await old_site.build("FROM busybox\nCOPY a.txt /\n")).image_id
