"""Fixtures: each of Podman's ways as a place in which the command line runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.engines.provision import Podman
from tests.integration.podman.place import Place, python

WAYS = ("root", "root without a socket", "user", "user without a socket")
Make = Callable[[str], Place]


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make a place for one of the ways; all of it is removed afterwards."""
    made: list[Place] = []

    def make(way: str) -> Place:
        rootless = way.startswith("user")
        podman: Podman = request.getfixturevalue("podman_rootless" if rootless else "podman")
        if not python(podman):
            pytest.skip(f"{podman.user} may run no Python that has moorage")
        made.append(Place(podman, private="without" in way, base=tmp_path))
        return made[-1]

    yield make
    for place in made:
        place.clean()


@pytest.fixture(params=WAYS)
def place(places: Make, request: pytest.FixtureRequest) -> Place:
    """Each of the four ways."""
    return places(request.param)
