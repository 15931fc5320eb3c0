"""Fast by construction: what a command does not need is not loaded (design promise 10)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.outside import Cli, Images

HEAVY = {"rich", "httpx2", "httpcore2", "lightkube", "asyncssh", "cryptography", "pydantic"}
SLOW = {"_ssl", "urllib.request", "http.client", "email", "tarfile", "tempfile", "shutil"}
"""Of the standard library (`_ssl` is what `ssl` loads); asyncio itself brings `socket` and `subprocess`."""


@pytest.fixture
def loaded(moorage: Cli) -> Callable[..., set[str]]:
    """The modules that a command loads, as the interpreter itself reports them."""

    def run(*arguments: str | Path) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "moorage", *map(str, arguments)],
            env=moorage.env, cwd=moorage.home, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return set(re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.M))

    return run


def test_version(loaded: Callable[..., set[str]]) -> None:
    modules = loaded("--version")
    assert HEAVY & modules == set()
    assert {name for name in modules if name.startswith("moorage")} == {"moorage"}
    assert modules & {"click", "asyncio", "msgspec"} == set()


@pytest.mark.parametrize("kind", ["image", "dockerfile"])
def test_warm_up_and_exec(
    kind: str, loaded: Callable[..., set[str]], moorage: Cli, images: Images, workspace: Callable[..., Path]
) -> None:
    configuration = (
        {"image": images.busybox}
        if kind == "image"
        else {"build": {"dockerfile": "Dockerfile"}, "postCreateCommand": "true"}
    )
    folder = workspace(configuration, files={".devcontainer/Dockerfile": f"FROM {images.busybox}\n"})
    moorage.ok("up", folder)
    for arguments in (("up", folder), ("exec", folder, "true")):
        modules = loaded(*arguments)
        assert [name for name in modules if "template" in name and name.startswith("moorage.")] == []
        assert HEAVY & modules == set(), arguments
        assert SLOW & modules == set(), arguments
