"""What both sides agreed on, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.spec.manifest import above, below, decode, encode

NAMES = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAMES.filter(below), st.sampled_from(["d", "f12", "lx\ny", "x00"])))
def test_it_is_read_as_it_was_written(words: dict[str, str]) -> None:
    assert decode(encode(words)) == words


def test_names_that_are_no_text_are_kept() -> None:
    words = {b"\xff\xfe".decode(errors="surrogateescape"): "f1"}
    assert decode(encode(words)) == words


@pytest.mark.parametrize("path", ["", "/", "/etc", "../x", "a/../b", "a//b", "a/", ".", "./a"])
def test_paths_that_lead_elsewhere_are_left_out(path: str) -> None:
    assert not below(path)
    assert decode(encode({path: "f1", "good": "f2"})) == {"good": "f2"}


@given(st.binary())
def test_any_bytes_can_be_read(data: bytes) -> None:
    assert all(below(path) for path in decode(data))


def test_folders_above() -> None:
    assert (above("a/b/c"), above("a")) == (("a", "a/b"), ())
