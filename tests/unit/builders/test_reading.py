import asyncio

import pytest

from moorage.builders.base import Context
from moorage.builders.engine.reading import Reading
from moorage.facts.context import Entry
from moorage.spec.build import BuildSpec


@pytest.fixture
def reading(tmp_path):
    file = tmp_path / "a"
    file.write_text("a")
    now = file.stat()
    entry = Entry("a", "file", False, 1, now.st_mtime_ns, now.st_ctime_ns, now.st_ino, now.st_mode)
    spec = BuildSpec(tag="t", dockerfile="", dockerfile_name="Dockerfile", context=str(tmp_path))
    return Reading(spec, Context(archive=lambda extra: iter(()), patterns=("a",), entries=[entry]))


async def test_an_edit_after_the_reading_does_not_matter(reading, tmp_path):
    reading.ended()
    await asyncio.gather(*reading._looks)
    (tmp_path / "a").write_text("other")
    assert await reading.was_right()


async def test_an_edit_before_its_end_does(reading, tmp_path):
    (tmp_path / "a").write_text("other")
    reading.ended()
    assert not await reading.was_right()


async def test_every_reading_counts(reading, tmp_path):
    reading.ended()
    await asyncio.gather(*reading._looks)
    (tmp_path / "a").write_text("other")
    reading.ended()
    assert not await reading.was_right()


async def test_a_builder_that_says_nothing_may_end_just_now(reading, tmp_path):
    (tmp_path / "a").write_text("other")
    assert not await reading.was_right()
