"""The commands of the guide, run as it shows them."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from scripts.engines.layout import REPOSITORY
from tests.integration.podman.conftest import Make

pytestmark = pytest.mark.podman


@pytest.mark.parametrize("way", ["user without a socket"])
def test_commands_of_the_guide(places: Make, way: str) -> None:
    place = places(way)
    shutil.copytree(REPOSITORY / "examples", place.base / "home" / "examples")
    place.project({"image": "busybox:latest"})  # and so all of it is the user's
    (place.base / "home/.config/moorage/config.toml").unlink()
    (block,) = re.findall(
        r"^```sh\n(.*?)^```$", (REPOSITORY / "docs/guides/podman.md").read_text(), re.M | re.S
    )
    folder = place.podman.program.rpartition("/")[0]
    for line in block.splitlines():
        program, *words = shlex.split(line)
        assert program == "moorage"
        place.ok(*words, env={"PATH": f"{folder}:{place.env['PATH']}"})
    assert place.left() == []
