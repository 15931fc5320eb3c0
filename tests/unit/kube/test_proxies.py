"""Which proxy is taken, as Go's programs choose it."""

from __future__ import annotations

import pytest

from moorage.kube.dial import place_of
from moorage.kube.errors import ClusterUnreachable
from moorage.kube.proxies import Proxy, direct, parse, proxy_for

ENVIRON = {"HTTPS_PROXY": "http://me:p%40ss@proxy:3128", "NO_PROXY": "10.0.0.0/8,.corp,api.example:6443"}


def test_the_clusters_own_proxy_counts_first() -> None:
    proxy = proxy_for("https", "api", 6443, "socks5://other", ENVIRON)
    assert proxy == Proxy(scheme="socks5", host="other", port=1080)


def test_the_environment_counts_next() -> None:
    proxy = proxy_for("https", "api", 6443, "", ENVIRON)
    assert proxy == Proxy(scheme="http", host="proxy", port=3128, username="me", password="p@ss")
    assert "p@ss" not in repr(proxy)
    assert proxy_for("http", "api", 80, "", ENVIRON) is None


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("10.1.2.3", 443, True),
        ("11.1.2.3", 443, False),
        ("api.corp", 443, True),
        ("corp", 443, False),
        ("api.example", 6443, True),
        ("api.example", 443, False),
        ("x.api.example", 6443, True),
        ("localhost", 1, True),
        ("127.0.0.1", 1, True),
        ("::1", 1, True),
    ],
)
def test_exceptions(host: str, port: int, expected: bool) -> None:
    assert direct(host, port, ENVIRON["NO_PROXY"]) is expected


def test_a_star_is_everything() -> None:
    assert direct("anything", 1, " * ")
    assert not direct("anything", 1, "")


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://a:b", "http://a:99999"])
def test_what_is_no_proxy_is_told(url: str) -> None:
    with pytest.raises(ClusterUnreachable):
        parse(url, "proxy-url")


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("https://a", ("https", "a", 443, "")),
        ("https://a:6443/k8s/clusters/c-1", ("https", "a", 6443, "/k8s/clusters/c-1")),
        ("http://[::1]:8080", ("http", "::1", 8080, "")),
        ("https://[::1]", ("https", "::1", 443, "")),
    ],
)
def test_an_address_is_taken_apart(server: str, place: tuple[str, str, int, str]) -> None:
    assert place_of(server) == place
