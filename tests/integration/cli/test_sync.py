"""`moorage sync` where the files are no copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.outside import Cli, Images, Traces


def test_a_folder_that_is_mounted_needs_no_copy(
    moorage: Cli, workspace: Callable[..., Path], images: Images, cleanup: Traces
) -> None:
    folder = workspace({"image": images.busybox}, name=cleanup.token)
    moorage.ok("up", folder)
    result = moorage("sync", folder, "--output", "json")
    assert (result.code, result.json()["code"]) == (9, "nothing-to-sync")
    assert "uses the folder itself" in result.stderr
    assert moorage("sync", "no-such-workspace").code == 2
