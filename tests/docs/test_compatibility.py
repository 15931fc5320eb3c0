"""Each deliberate difference has a reason and a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("| \n").split(" | ")]
    for line in (ROOT / "docs/compatibility.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| matter"))
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_a_reason_and_names_tests_that_exist(row: list[str]) -> None:
    assert len(row) == 5, row
    assert all(row)
    named = re.findall(r"`([\w/-]+\.(?:py|yaml))(?:::([\w-]+))?`", row[4])
    assert named
    for file, function in named:
        text = (ROOT / "tests" / file).read_text()
        wanted = f"{function}:" if file.endswith(".yaml") else f"def {function}("
        assert wanted in text or not function, (file, function)


def test_no_matter_is_named_twice() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS) > 30
