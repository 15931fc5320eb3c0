"""Which modules go inside: found by reading imports, wherever they stand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import moorage
from moorage.runtime import lock
from moorage.runtime.closure import closure
from moorage.runtime.errors import RuntimeIncomplete

FACE = "def __getattr__(name):\n    from moorage import api\n"


def test_imports_are_followed_from_the_inside(tmp_path: Path) -> None:
    found = closure(
        package(
            tmp_path,
            {
                "inside/__main__.py": "from moorage.a import b\nfrom .near import x\nimport os",
                "inside/near.py": "def f():\n    from moorage import late\n    import msgspec.json",
                "a/__init__.py": "",
                "a/b.py": "from . import sibling",
                "a/sibling.py": "from ..top import name",
                "a/table.txt": "data beside what is needed",
                "a/unused.py": "import httpx2",
                "top.py": "",
                "late.py": "",
                "api.py": "import rich",
                "cli/__init__.py": "import click",
                "cli/table.txt": "",
            },
        )
    )
    assert found.files == (
        "__init__.py", "a/__init__.py", "a/b.py", "a/sibling.py", "a/table.txt", "inside/__init__.py",
        "inside/__main__.py", "inside/near.py", "late.py", "top.py",
    )  # fmt: skip
    assert found.modules == {"msgspec"}


def test_what_only_type_checkers_import_stays_out(tmp_path: Path) -> None:
    code = (
        "import typing\nif typing.TYPE_CHECKING:\n    import rich\nelse:\n    import click\n"
        "try:\n    import yaml\nexcept ImportError:\n    pass"
    )
    assert closure(package(tmp_path, {"inside/__main__.py": code})).modules == {"click", "yaml"}


def test_what_the_runtime_leaves_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeIncomplete, match=r"moorage\.inside\.__main__ imports sqlite3"):
        closure(package(tmp_path, {"inside/__main__.py": "import sqlite3"}))


def test_the_lock_has_a_wheel_for_all_that_the_inside_imports() -> None:
    """Where this fails, a new import goes inside: `moorage runtime lock -o src/moorage/runtime/lock.json`."""
    found = closure(Path(moorage.__file__).parent)
    names = {wheel.name for wheel in lock.wheels_for(lock.load(), found.modules)}
    assert "msgspec" in names
    assert not names & {"rich", "click", "pygments"}, "this makes the runtime large: is it wanted inside?"


def package(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in {"__init__.py": FACE, "inside/__init__.py": "", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root
