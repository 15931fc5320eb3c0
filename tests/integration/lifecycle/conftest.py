from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.lifecycle.place import SHELLS, Place


@pytest.fixture(params=SHELLS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    shell = SHELLS[request.param]
    if not Path(shell[0]).exists():
        pytest.skip(f"no {shell[0]} on this machine")
    made = Place(tmp_path, shell)
    yield made
    await made.end()
