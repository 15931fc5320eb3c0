"""Layers of the environment, and the PATH that a login shell would lose."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.lifecycle.environment import dropped, merge, spliced


def test_later_layers_win_and_none_unsets() -> None:
    layers = ({"A": "config", "B": None, "C": "config"}, {"A": None, "C": "flag"}, {"D": "secret"})
    merged = merge({"A": "image"}, {"A": "probed", "B": "probed"}, layers)
    assert merged == {"C": "flag", "D": "secret"}
    assert dropped({"A": "image", "C": "x"}, merged) == ("A",)


def test_without_a_probe_the_container_stands_in() -> None:
    assert merge({"A": "image", "PATH": "/x"}, {}) == {"A": "image", "PATH": "/x"}


def test_the_shells_word_is_over_the_containers() -> None:
    assert merge({"A": "image"}, {"A": "probed"}) == {"A": "probed"}
    assert merge({"GONE": "image"}, {"A": "probed"}) == {"A": "probed"}


def test_missing_entries_come_after_the_one_they_followed() -> None:
    container = "/feature/bin:/usr/local/bin:/opt/x:/usr/bin"
    assert (
        spliced(container, "/home/u/bin:/usr/local/bin:/usr/bin", root=False)
        == "/feature/bin:/home/u/bin:/usr/local/bin:/opt/x:/usr/bin"
    )


def test_folders_of_administrators_are_for_root() -> None:
    assert spliced("/usr/sbin:/sbin:/opt/sbin/x:/sbinx", "/bin", root=False) == "/sbinx:/bin"
    assert spliced("/usr/sbin", "/bin", root=True) == "/usr/sbin:/bin"


def test_a_shell_without_a_path_gets_the_containers() -> None:
    assert merge({"PATH": "/a:/b"}, {"X": "1"}) == {"X": "1", "PATH": "/a:/b"}


PATHS = st.lists(st.sampled_from(["/a", "/b", "/c", "/d", "/e"]), unique=True).map(":".join)


@given(PATHS, PATHS)
def test_nothing_is_lost_and_the_shells_order_stays(container: str, shell: str) -> None:
    entries = spliced(container, shell, root=True).split(":")
    ours = [entry for entry in shell.split(":") if entry]
    assert [entry for entry in entries if entry in ours] == ours
    assert {entry for entry in container.split(":") if entry} <= {*entries, ""}
    assert len(set(entries)) == len(entries)
