"""The person of the integration tests, whose commands are interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.kubernetes.laboratory import Laboratory
from tests.integration.kubernetes.conftest import person
from tests.integration.kubernetes.person import Person

__all__ = ["person"]


@pytest.fixture
def laboratory(person: Person, tmp_path: Path) -> Laboratory:
    return Laboratory(person, tmp_path)
