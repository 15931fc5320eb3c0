"""The reference CLI beside the product, on one engine."""

from __future__ import annotations

import pytest

from scripts import reference_cli
from scripts.engines.layout import Layout
from tests.integration.compat.beside import DropIn, Reference
from tests.outside import Cli


@pytest.fixture(scope="session")
def reference_words() -> list[str]:
    return reference_cli.command(Layout.from_environment())


@pytest.fixture
def reference(reference_words: list[str], moorage: Cli) -> Reference:
    """The npm package @devcontainers/cli."""
    return Reference(reference_words, moorage.env, moorage.home)


@pytest.fixture
def dropin(moorage: Cli) -> DropIn:
    return DropIn(moorage)
