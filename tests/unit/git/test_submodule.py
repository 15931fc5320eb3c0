"""Addresses of submodules."""

from __future__ import annotations

import pytest

from moorage.git.submodule import submodule_url
from moorage.spec.giturl import BadSource


@pytest.mark.parametrize(
    ("parent", "url", "found"),
    [
        ("https://host/o/r.git", "../lib.git", "https://host/o/lib.git"),
        ("https://host/o/r", "./lib", "https://host/o/r/lib"),
        ("git@host:o/r.git", "../../p/lib", "git@host:p/lib"),
        ("ssh://git@host:22/o/r", "../lib", "ssh://git@host:22/o/lib"),
        ("file:///srv/r", "../lib", "file:///srv/lib"),
        ("file:///srv/r", "file:///srv/lib", "file:///srv/lib"),
        ("https://host/o/r", "https://other/lib", "https://other/lib"),
        ("https://host/o/r", "../../../../etc", "https://host/etc"),
    ],
)
def test_where(parent: str, url: str, found: str) -> None:
    assert submodule_url(parent, url) == found


@pytest.mark.parametrize("url", ["", "/etc", "file:///etc", "ext::sh -c id", "-x", "https://u:p@h/r"])
def test_refused(url: str) -> None:
    with pytest.raises(BadSource):
        submodule_url("https://host/o/r", url)
