"""Users as a container's own files have them, also before it was ever started."""

from __future__ import annotations

from moorage.devcontainer.users import User, find_user, user_name
from moorage.engine.ustar import files
from moorage.workspace.site import Site


async def user_inside(site: Site, container: str, user: str) -> User | None:
    """The user of this name or number; None for root, and where the container does not know it."""
    name = user_name(user)
    if name in ("", "root", "0"):
        return None
    return find_user(await text_inside(site, container, "/etc/passwd"), name)


async def text_inside(site: Site, container: str, path: str) -> str:
    """A text file of the container; empty where it has none."""
    archive = await site.driver.inside(container).read(path)
    found = files(archive) if archive else {}
    return next(iter(found.values()), b"").decode(errors="surrogateescape")
