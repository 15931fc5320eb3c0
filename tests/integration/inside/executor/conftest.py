"""The runtime as it is built: the builder runs in its image."""

from __future__ import annotations

import pytest

from scripts.engines import provision
from scripts.engines.layout import Layout
from scripts.engines.provision import Engine, Runtime
from tests.conftest import found_or_made


@pytest.fixture(scope="session")
def runtime(engine: Engine) -> Runtime:
    return found_or_made(lambda: provision.built_runtime(Layout.from_environment(), engine.host))
