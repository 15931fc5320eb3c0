"""Completion of workspaces' names, through the real command and a real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.outside import Cli, Images, Traces


def test_names_of_workspaces_are_completed(
    moorage: Cli, workspace: Callable[..., Path], images: Images, cleanup: Traces
) -> None:
    folder = workspace({"image": images.busybox}, name=cleanup.token)
    moorage.ok("up", folder)
    asked = {"COMP_WORDS": f"moorage status {cleanup.token[:6]}", "COMP_CWORD": "2"}
    result = moorage(env={**asked, "_MOORAGE_COMPLETE": "bash_complete"})
    assert result.stdout.strip() == f"plain,{cleanup.token}"
