"""Logins in addresses, and what of ssh's settings travels."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.git.access import _ssh_config, split_login
from moorage.git.credentials import Credential


def test_a_login_is_taken_out_of_an_address() -> None:
    url, login = split_login("https://ann:p%40ss@host:8443/o/r.git")
    assert url == "https://host:8443/o/r.git"
    assert login is not None
    assert (login.origin, login.username, login.password) == ("https://host:8443", "ann", "p@ss")


def test_addresses_without_a_password_stay() -> None:
    for url in ("https://ann@host/o/r", "https://host/o:x@y", "git@host:o/r", "file:///srv/a:b@c"):
        assert split_login(url) == (url, None)


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=4))
def test_a_credential_does_not_print_its_password(secret: str) -> None:
    login = Credential(origin="https://h", username="-", password=f"~{secret}")
    assert f"~{secret}" not in f"{login} {login!r}"


def test_only_plain_ssh_settings_travel() -> None:
    settings = {
        "hostname": "10.0.0.1",
        "port": "2222",
        "user": "git",
        "proxyjump": "none",
        "hostkeyalias": "a b",
    }
    assert _ssh_config("forge", settings) == ("Host forge", "HostName 10.0.0.1", "Port 2222", "User git")
    assert _ssh_config("forge", {"user": "x\nProxyCommand id"}) == ("Host forge",)
