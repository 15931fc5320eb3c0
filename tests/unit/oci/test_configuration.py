"""Which addresses answer for a registry."""

from __future__ import annotations

import pytest

from moorage.oci.configuration import (
    EVERY,
    BadRegistry,
    Registries,
    endpoints,
    from_engine_info,
    is_loopback,
    merge,
)


def urls(registries: Registries, registry: str, *, writing: bool = False) -> list[str]:
    return [endpoint.url for endpoint in endpoints(registries, registry, writing=writing)]


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ("docker.io", ["https://registry-1.docker.io"]),
        ("ghcr.io", ["https://ghcr.io"]),
        ("localhost:5000", ["http://localhost:5000", "https://localhost:5000"]),
        ("127.8.9.1:5000", ["http://127.8.9.1:5000", "https://127.8.9.1:5000"]),
        ("[::1]:5000", ["http://[::1]:5000", "https://[::1]:5000"]),
        ("localhost.example.com", ["https://localhost.example.com"]),
        ("lan:5000", ["https://lan:5000", "http://lan:5000"]),
        ("lan:5001", ["https://lan:5001"]),
        ("10.1.2.3:80", ["https://10.1.2.3:80", "http://10.1.2.3:80"]),
        ("11.1.2.3", ["https://11.1.2.3"]),
    ],
)
def test_plain_http_only_where_it_is_allowed(registry: str, expected: list[str]) -> None:
    assert urls(Registries(insecure=frozenset({"lan:5000", "10.0.0.0/8"})), registry) == expected


def test_mirrors_come_first_and_never_for_writing() -> None:
    registries = Registries(mirrors={"docker.io": ("https://one.example/", "two.example", "http://three/p/")})
    assert urls(registries, "docker.io") == [
        "https://one.example",
        "https://two.example",
        "http://three/p",
        "https://registry-1.docker.io",
    ]
    assert urls(registries, "docker.io", writing=True) == ["https://registry-1.docker.io"]
    assert urls(registries, "ghcr.io") == ["https://ghcr.io"]
    assert [one.host for one in endpoints(registries, "docker.io")][-1] == "docker.io"


def test_only_insecure_registries_go_unverified() -> None:
    assert endpoints(Registries(), "ghcr.io")[0].trust.verify
    assert not endpoints(Registries(), "localhost:1")[0].trust.verify
    assert not endpoints(Registries(insecure=frozenset({"lan"})), "lan:1")[0].trust.verify
    assert not endpoints(Registries(insecure=frozenset({EVERY})), "ghcr.io")[0].trust.verify


@pytest.mark.parametrize("address", ["", "ftp://x", "://x", "https://", "https://user:password@x"])
def test_a_mirror_that_is_no_address(address: str) -> None:
    with pytest.raises(BadRegistry, match="no registry address"):
        urls(Registries(mirrors={"docker.io": (address,)}), "docker.io")


def test_the_engine_s_settings_are_read() -> None:
    info = {
        "ServerVersion": "29.2.0",
        "RegistryConfig": {
            "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"],
            "IndexConfigs": {
                "docker.io": {"Name": "docker.io", "Mirrors": ["http://127.0.0.1:5/"], "Secure": True},
                "lan:5000": {"Name": "lan:5000", "Mirrors": None, "Secure": False},
            },
            "Mirrors": ["http://127.0.0.1:5/"],
        },
    }
    assert from_engine_info(info) == Registries(
        mirrors={"docker.io": ("http://127.0.0.1:5/",)},
        insecure=frozenset({"lan:5000", "127.0.0.0/8", "::1/128"}),
    )


@pytest.mark.parametrize("info", [{}, {"RegistryConfig": None}, {"RegistryConfig": {"IndexConfigs": None}}])
def test_an_engine_that_says_nothing(info: dict[str, object]) -> None:
    assert from_engine_info(info) == Registries()


def test_both_settings_at_once() -> None:
    own = Registries(mirrors={"a": ("1", "2")}, insecure=frozenset({"x"}), ca_files=("f",))
    other = Registries(mirrors={"a": ("2", "3"), "b": ("4",)}, insecure=frozenset({"y"}))
    assert merge(own, other) == Registries(
        mirrors={"a": ("1", "2", "3"), "b": ("4",)}, insecure=frozenset({"x", "y"}), ca_files=("f",)
    )


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1", "127.1.1.1:80", "::1", "[::1]:9"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback(host.replace("1", "2").replace("localhost", "localhosts"))
