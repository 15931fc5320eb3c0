"""The committed list of the reference CLI's flags is what its `--help` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.compat.help_text import COMMANDS, flags

LIST = Path(__file__).parents[2] / "unit/compat/reference_flags.json"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_is_true(command: str, reference_words: list[str]) -> None:
    assert json.loads(LIST.read_text())[command] == flags(reference_words, command)
