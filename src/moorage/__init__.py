"""moorage turns a repository with a devcontainer.json into a running workspace.

import asyncio, moorage

plan = asyncio.run(moorage.plan("."))
workspace = asyncio.run(moorage.up(".", name="project"))
print(workspace.container, workspace.remote_folder)

`moorage.session` is for many workspaces at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Plan", "Session", "Workspace", "__version__", "plan", "session", "up"]

if TYPE_CHECKING:
    from moorage.api import Plan, Session, Workspace, plan, session, up


def __getattr__(name: str) -> object:
    """Load the API with its first use: `moorage --version` needs none of it."""
    if name in __all__:
        from moorage import api

        return getattr(api, name)
    raise AttributeError(f"module 'moorage' has no attribute {name!r}")
