"""The secrets file: read, or refused without showing what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.lifecycle.dotfiles import address
from moorage.lifecycle.secrets import BadSecrets, read


def write(folder: Path, text: str) -> Path:
    path = folder / "secrets.json"
    path.write_text(text)
    return path


def test_texts_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, '{"A": "x\\ny", /* why */ "B_2": "",}')
    assert read(path) == {"A": "x\ny", "B_2": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"A": "hunter2', "not a JSON object"),
        ('["hunter2"]', "not a JSON object"),
        ('{"A": hunter2}', "not a JSON object"),
        ('{"A": 1234567}', "value of A is not a text"),
        ('{"A": ["hunter2"]}', "value of A is not a text"),
        ('{"A": "hunter2\\u0000"}', "value of A is not a text"),
        ('{"A-B": "hunter2"}', "'A-B' cannot be the name"),
        ('{"PPID": "hunter2"}', "'PPID' cannot be the name"),
    ],
)
def test_all_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSecrets) as caught:
        read(write(tmp_path, text))
    error = caught.value
    assert said in error.message
    assert error.hint
    assert "hunter2" not in f"{error.message} {error.evidence} {error.hint}"
    assert "1234567" not in f"{error.message} {error.evidence} {error.hint}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadSecrets, match="cannot be read: No such file"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("owner/dots", "https://github.com/owner/dots"),
        ("https://example.com/dots", "https://example.com/dots"),
        ("git@example.com:me/dots", "git@example.com:me/dots"),
        ("./dots", "./dots"),
        ("../x", "../x"),
        ("--upload-pack=x", "./--upload-pack=x"),
    ],
)
def test_addresses_of_dotfiles(given: str, expected: str) -> None:
    assert address(given) == expected
