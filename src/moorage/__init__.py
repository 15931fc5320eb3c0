"""moorage turns a repository with a devcontainer.json into a running workspace.

import asyncio, moorage

plan = asyncio.run(moorage.plan("."))
workspace = asyncio.run(moorage.up(".", name="project"))
print(workspace.container, workspace.remote_folder)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Plan", "Workspace", "__version__", "plan", "up"]

if TYPE_CHECKING:
    from moorage.api import Plan, Workspace, plan, up


def __getattr__(name: str) -> object:
    """Load the API with its first use: `moorage --version` needs none of it."""
    if name in ("Plan", "Workspace", "plan", "up"):
        from moorage import api

        return getattr(api, name)
    raise AttributeError(f"module 'moorage' has no attribute {name!r}")
