"""--chmod. What BuildKit makes of each form is compared in tests/integration/inside/copying."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.inside.executor.copying.errors import CopyWrong
from moorage.inside.executor.copying.mode import read

MODES = st.integers(0, 0o7777)
WORDS = st.from_regex(r"[ugoa]{0,3}([-+=][rwxXst]{0,4}|[-+=][ugo]){1,2}", fullmatch=True)


@given(MODES, MODES, st.booleans())
def test_an_octal_number_is_the_mode(wanted: int, old: int, is_folder: bool) -> None:
    mode = read(f"{wanted:o}")
    assert mode.of(old, is_folder=is_folder) == wanted
    assert mode.made == wanted & 0o777


@given(st.lists(WORDS, min_size=1, max_size=3), MODES, st.booleans())
def test_letters_give_a_mode_and_say_nothing_of_folders_on_the_way(
    words: list[str], old: int, is_folder: bool
) -> None:
    mode = read(",".join(words))
    assert 0 <= mode.of(old, is_folder=is_folder) <= 0o7777
    assert mode.made == 0o755


@given(MODES, st.booleans())
def test_nothing_changes_nothing(old: int, is_folder: bool) -> None:
    assert read("").of(old, is_folder=is_folder) == old


@pytest.mark.parametrize(
    ("text", "old", "is_folder", "new"),
    [
        ("u=rwX,go=rX", 0o600, False, 0o644),
        ("u=rwX,go=rX", 0o700, True, 0o755),
        ("+x", 0o640, False, 0o751),
        ("g=u", 0o4750, False, 0o4770),
        ("u=g", 0o4750, False, 0o4550),
        ("a=", 0o7777, False, 0o1000),
        ("o+t", 0o644, False, 0o644),
        ("-st", 0o7644, False, 0o6644),
        ("u+r-w", 0o200, False, 0o400),
        ("g+X", 0o600, False, 0o600),
    ],
)
def test_letters(text: str, old: int, is_folder: bool, new: int) -> None:
    assert read(text).of(old, is_folder=is_folder) == new


@given(st.text(max_size=8))
def test_anything_else_is_refused(text: str) -> None:
    with contextlib.suppress(CopyWrong):
        mode = read(text)
        assert 0 <= mode.of(0o644, is_folder=False) <= 0o7777


@pytest.mark.parametrize("text", ["9", "77777", "u!x", "x", "u", "u+q", "u+x,", "٣"])
def test_no_mode(text: str) -> None:
    with pytest.raises(CopyWrong):
        read(text)
