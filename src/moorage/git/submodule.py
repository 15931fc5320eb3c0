"""Where a submodule is: its URL in .gitmodules, relative to the repository's own. Pure."""

from __future__ import annotations

import posixpath

from ..spec.giturl import BadSource, read


def submodule_url(parent: str, url: str) -> str:
    """The address to fetch from. Raises BadSource where a server's repository names files of this machine."""
    if url.startswith(("./", "../")):
        url = _joined(parent, url)
    address = read(url)
    if address is None or url.startswith("-"):
        raise BadSource(f"The submodule's address {url!r} is none.", hint="Correct it in .gitmodules.")
    if address.scheme == "file" and not parent.startswith("file://"):
        raise BadSource("A submodule names files of this machine.", hint="Correct it in .gitmodules.")
    return address.url


def _joined(parent: str, relative: str) -> str:
    """The rule of git-submodule(1): `..` goes up from the repository, in the scp form below its host too."""
    address = read(parent)
    if address is None:
        return relative
    root = "" if address.scp and not address.path.startswith("/") else "/"
    path = posixpath.normpath(posixpath.join("/", address.path, relative)).lstrip("/")
    return address.url[: len(address.url) - len(address.path)] + root + path
