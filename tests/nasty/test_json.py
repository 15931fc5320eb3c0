"""Files that are meant to bring a reader down, or to be read in two ways."""

from __future__ import annotations

import pytest

from tests.nasty.conftest import BUSYBOX, Attempt

REFUSED = {
    "a million brackets": b"[" * 1_000_000,
    "a million objects": b'{"a":' * 200_000,
    "deep in a known property": b'{"image":"x","customizations":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a NUL": b'{"image": "busybox\x00:latest"}',
    "no UTF-8": b'{"image": "\xff\xfe"}',
    "half of a surrogate": b'{"image": "busybox\\ud800"}',
    "a comment without an end": b'{"image": "busybox:latest" /*' + b"*" * 1_000_000,
    "a text without an end": b'{"image": "' + b"x" * 1_000_000,
}
READ = {
    "a number of five thousand digits": b'{"image": "busybox:latest", "future": 1' + b"0" * 5000 + b"}",
    "a number beyond all numbers": b'{"image": "busybox:latest", "future": 1e999}',
    "a name of a million letters": b'{"image": "busybox:latest", "' + b"x" * 1_000_000 + b'": 1}',
    "a list without end": b'{"image": "busybox:latest", "future": [' + b"0," * 100_000 + b"0]}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_place(name: str, attempt: Attempt) -> None:
    attempt.write(REFUSED[name])
    attempt.refused(attempt.up(), "devcontainer.json")


@pytest.mark.parametrize("name", READ)
def test_it_is_read_or_refused_in_time(name: str, attempt: Attempt) -> None:
    attempt.write(READ[name])
    result = attempt("config", attempt.project)
    assert result.code in (0, 2, 3), result.stderr[:2000]
    assert "Traceback" not in result.stderr
    assert len(result.stderr) < 10_000


def test_an_escaped_nul_is_no_name_of_an_image(attempt: Attempt) -> None:
    attempt.write(b'{"image": "busybox\\u0000:latest"}')
    attempt.refused(attempt.up(), "not an image reference")


def test_of_two_with_one_name_the_one_counts_that_is_shown(attempt: Attempt) -> None:
    attempt.write(f'{{"image": "{BUSYBOX}", "privileged": false, "privileged": true, "privileged": false}}')
    assert attempt.up().code == 0
    assert attempt.inspected()["HostConfig"]["Privileged"] is False
