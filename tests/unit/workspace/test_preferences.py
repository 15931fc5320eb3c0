"""config.toml: what it may say, and how it is refused."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.workspace.preferences import (
    BadPreference,
    Preferences,
    PreferencesUnreadable,
    file_of,
    load,
    path_of,
    read,
)

FILE = "/home/me/.config/moorage/config.toml"


def parsed(text: str) -> Preferences:
    return read(text.encode(), FILE, "/home/me")


def test_no_file_is_no_preferences(tmp_path: Path) -> None:
    assert load({"HOME": str(tmp_path)}) == Preferences()


def test_without_a_file_the_parser_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tomllib", raising=False)
    load({"HOME": str(tmp_path)})
    assert "tomllib" not in sys.modules


def test_the_place_of_the_file() -> None:
    assert file_of({"HOME": "/home/me"}) == FILE
    assert file_of({"HOME": "/home/me", "XDG_CONFIG_HOME": "/x"}) == "/x/moorage/config.toml"
    assert file_of({"MOORAGE_CONFIG": "/own.toml", "XDG_CONFIG_HOME": "/x"}) == "/own.toml"


def test_everything_at_once() -> None:
    found = parsed("""
        [up]
        dotfiles = "me/dotfiles"
        [driver.docker]
        install = true
        containerInactivityTimeout = 300
        gitImage = "registry.example.com/git"
        [registries]
        mirrors = { "docker.io" = ["mirror.example.com", "https://other.example.com"] }
        insecure = ["registry.example.com:5000"]
        ca-files = ["~/company.pem", "beside.pem"]
    """)
    assert found.up == {"dotfiles": "me/dotfiles"}
    assert found.drivers == {
        "docker": {
            "install": "true",
            "containerInactivityTimeout": "300",
            "gitImage": "registry.example.com/git",
        }
    }
    assert found.mirrors == {"docker.io": ("mirror.example.com", "https://other.example.com")}
    assert found.insecure == ("registry.example.com:5000",)
    assert found.ca_files == ("/home/me/company.pem", "/home/me/.config/moorage/beside.pem")


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[uo]", "uo is not a table", "up"),
        ("[drivers.docker]", "drivers is not a table", "driver"),
        ("[driver.dokcer]", "driver.dokcer", "docker"),
        ("[registries]\nmirors = {}", "registries.mirors", "mirrors"),
        ("up = 1", "up must be a table, not a number", "table"),
        ("[registries]\ninsecure = 'one'", "registries.insecure must be a list of texts, not a text", "list"),
        ("[registries]\nmirrors = ['m']", "registries.mirrors must be a table, not a list", "table"),
        ("[registries.mirrors]\n'docker.io' = 'm'", "registries.mirrors.docker.io must be a list", "list"),
        ("[registries]\nca-files = [1]", "registries.ca-files must be a list of texts", "list"),
        ("[driver.docker]\npaht = 'x'", "no option 'paht'", "path"),
        ("[driver.docker]\ninstall = 'perhaps'", "install", "true"),
        ("[driver.docker]\npath = []", "driver.docker.path must be a text", "text"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(text: str, said: str, hint: str) -> None:
    with pytest.raises(BadPreference) as raised:
        parsed(text)
    assert raised.value.message.startswith(FILE)
    assert said in raised.value.message
    assert hint in raised.value.hint


def test_a_value_is_never_told() -> None:
    with pytest.raises(BadPreference) as raised:
        parsed("[driver.docker]\ngitImage = ['s3cret']")
    assert "s3cret" not in raised.value.message + raised.value.hint


def test_broken_toml_is_told_with_its_line() -> None:
    with pytest.raises(PreferencesUnreadable, match="line 2"):
        parsed("[up]\nenv = \n\n")


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(PreferencesUnreadable):
        read(b"\xff\xfe", FILE, "/")


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(PreferencesUnreadable, match="does not exist"):
        load({"MOORAGE_CONFIG": f"{tmp_path}/none.toml"})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(PreferencesUnreadable, match="cannot be read"):
        load({"MOORAGE_CONFIG": str(tmp_path)})


def test_a_missing_authority_is_told_when_a_registry_is_asked() -> None:
    found = parsed("[registries]\nca-files = ['none.pem']")
    with pytest.raises(BadPreference, match=r"none\.pem"):
        found.registries()


def test_registries_as_the_client_takes_them() -> None:
    found = parsed("[registries]\ninsecure = ['a:1']\nmirrors = {'docker.io' = ['m']}").registries()
    assert found.insecure == {"a:1"}
    assert found.mirrors == {"docker.io": ("m",)}


def test_paths_in_the_file() -> None:
    assert path_of("~/a", FILE, "/home/me") == "/home/me/a"
    assert path_of("~", FILE, "/home/me") == "/home/me"
    assert path_of("/a", FILE, "/home/me") == "/a"
    assert path_of("../a", FILE, "/home/me") == "/home/me/.config/a"


@given(st.binary(max_size=60) | st.text(alphabet="[]{}=.,'\"updriverdocker \n1", max_size=60).map(str.encode))
def test_no_content_is_a_defect(data: bytes) -> None:
    with suppress(BadPreference, PreferencesUnreadable):
        read(data, FILE, "/")
