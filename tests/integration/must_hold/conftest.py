"""A counting proxy before the engine."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.engines.provision import Engine
from tests.integration.git.conftest import environ, http_server, make_repository, private_server, repository
from tests.integration.must_hold.proxy import EngineProxy, proxied

__all__ = ["environ", "full_disk", "http_server", "make_repository", "private_server", "proxy", "repository"]


@pytest.fixture
def proxy(engine: Engine) -> Iterator[EngineProxy]:
    """In a folder of its own with a short path, which everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="moorage-proxy-") as folder:
        Path(folder).chmod(0o755)
        with proxied(Path(folder) / "docker.sock", engine.host) as proxy:
            yield proxy


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system without a free block."""
    folder = tmp_path / "full"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting needs more rights than this user has")
    try:
        with pytest.raises(OSError, match="No space left"):
            (folder / "filler").write_bytes(bytes(128 * 1024))
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
