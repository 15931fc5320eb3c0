"""Finders with their own cache, a client to publish with, and a server that fails as told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from moorage.facts.features.finder import Finder
from moorage.oci.client import Client
from moorage.oci.transport import Patience
from tests.integration.oci.bench import Events
from tests.integration.oci.standin import Standin, serving

HASTY = Patience(attempts=3, first_delay=0.01, longest_delay=0.05, total=3, connect=1, stall=0.5)

MakeFinder = Callable[..., Finder]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client() as one:
        yield one


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
async def finder(tmp_path: Path, events: Events) -> AsyncIterator[MakeFinder]:
    """`finder()`: those of one test share a cache, like runs after one another; `environment` has logins."""
    async with AsyncExitStack() as stack:

        def make(environment: dict[str, str] | None = None, cache: Path | None = None) -> Finder:
            one = Finder(
                cache or tmp_path / "cache",
                environment={"PATH": "", "HOME": str(tmp_path), **(environment or {})},
                reporter=events,
                patience=HASTY,
            )
            stack.push_async_callback(one.close)
            return one

        yield make


@pytest.fixture
async def standin() -> AsyncIterator[Standin]:
    async with serving() as one:
        yield one
