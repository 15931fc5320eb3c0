from __future__ import annotations

import pytest

from moorage.devcontainer.features.reference import GithubReference, TarballReference, parse
from moorage.facts.features.download import _headers, address


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("owner/repo/id", "https://github.com/owner/repo/releases/latest/download/id.tgz"),
        ("owner/repo/id@v1.0", "https://github.com/owner/repo/releases/download/v1.0/id.tgz"),
        ("https://example.com/a/devcontainer-feature-id.tgz",) * 2,
    ],
)
def test_where_an_archive_is(text: str, url: str) -> None:
    reference = parse(text)
    assert isinstance(reference, GithubReference | TarballReference)
    assert address(reference) == url


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://github.com/o/r/releases/download/1/devcontainer-feature-a.tgz", True),
        ("https://api.github.com/repos/o/r/devcontainer-feature-a.tgz", True),
        ("https://GitHub.com/o/r/devcontainer-feature-a.tgz", True),
        ("https://github.com.evil.example/devcontainer-feature-a.tgz", False),
        ("https://evil.example/github.com/devcontainer-feature-a.tgz", False),
        ("https://user@github.com/devcontainer-feature-a.tgz", False),
        ("https://github.com:8443/devcontainer-feature-a.tgz", False),
        ("http://github.com/devcontainer-feature-a.tgz", False),
        ("https://raw.githubusercontent.com/devcontainer-feature-a.tgz", False),
    ],
)
def test_a_token_of_github_is_for_github_alone(url: str, sent: bool) -> None:
    assert (_headers(url, {"GITHUB_TOKEN": "secret"}) != {}) is sent
    assert _headers(url, {}) == {}
