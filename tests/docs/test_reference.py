"""The reference pages are what the code says."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from docs import generate  # noqa: E402 - found through the line above

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", sorted(generate.pages()))
def test_page_is_up_to_date(name: str) -> None:
    written = (generate.FOLDER / name).read_text()
    assert written == generate.pages()[name], "run: python -m docs.generate"


def test_every_code_is_unique_and_explained() -> None:
    rows = re.findall(r"^\| `([\w.-]+)` \| (.*) \|$", generate.errors(), re.MULTILINE)
    codes = [code for code, _ in rows]
    assert sorted(codes) == sorted(set(codes))
    assert [code for code, text in rows if not text] == []


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = sorted(re.split(r"[^\w.-]", each)[0] for each in asked)
    ours, _, further = (ROOT / "docs/dependencies.md").read_text().partition("In place of a library")
    tools = further.partition("## For development")[2]
    assert sorted(re.findall(r"^\| `([\w.-]+)`", ours + tools, re.MULTILINE)) == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []
