"""Clients and stand-ins for the tests of registries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.integration.oci.bench import Bench
from tests.integration.oci.standin import Standin, serving


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(stack)


@pytest.fixture
async def standin() -> AsyncIterator[Standin]:
    async with serving() as one:
        yield one


@pytest.fixture
async def mirror() -> AsyncIterator[Standin]:
    async with serving() as one:
        yield one


@pytest.fixture(autouse=True)
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that answers nothing: whatever would go through it by mistake fails."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
