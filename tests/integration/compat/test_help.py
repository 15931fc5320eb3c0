"""The committed list of the reference CLI's flags is what its `--help` says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.compat.help_text import COMMANDS, flags

LIST = Path(__file__).parents[2] / "unit/compat/reference_flags.json"


def test_the_list_is_whole(reference_words: list[str]) -> None:
    found = set()
    for group in ("", "features", "templates"):
        words = [*reference_words, *group.split(), "--help"]
        said = subprocess.run(words, capture_output=True, text=True).stdout
        named = re.findall(rf"^  devcontainer {group + ' ' if group else ''}([a-z-]+)", said, re.MULTILINE)
        found |= {f"{group} {name}".strip() for name in named}
    assert found - {"features", "templates"} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_is_true(command: str, reference_words: list[str]) -> None:
    assert json.loads(LIST.read_text())[command] == flags(reference_words, command)
