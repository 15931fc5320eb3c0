"""The WWW-Authenticate header in all its forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.oci.challenge import Challenge, parse_challenges, preferred

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'
HUB_READ = Challenge(
    "bearer", "https://auth.docker.io/token", "registry.docker.io", "repository:a/b:pull,push"
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        (HUB, [HUB_READ]),
        ('Basic realm="Registry Realm"', [Challenge("basic", "Registry Realm")]),
        ("basic realm=plain", [Challenge("basic", "plain")]),
        (f'Basic realm="x", {HUB}', [Challenge("basic", "x"), HUB_READ]),
        (f'{HUB}, Basic realm="x"', [HUB_READ, Challenge("basic", "x")]),
        ('BEARER  Realm = "r" , Service="s"', [Challenge("bearer", "r", "s")]),
        (r'Bearer realm="a\"b\\c"', [Challenge("bearer", 'a"b\\c')]),
        ("Negotiate", [Challenge("negotiate")]),
        ('Negotiate, Basic realm="x"', [Challenge("negotiate"), Challenge("basic", "x")]),
        ('Negotiate abc+/==, Basic realm="x"', [Challenge("negotiate"), Challenge("basic", "x")]),
        ('Bearer error="invalid_token",realm="r"', [Challenge("bearer", "r")]),
    ],
)
def test_challenges(header: str, expected: list[Challenge]) -> None:
    assert list(parse_challenges(header)) == expected


def test_a_token_is_preferred_to_a_password() -> None:
    assert preferred(parse_challenges(f'Basic realm="x", {HUB}')) == HUB_READ
    assert preferred(parse_challenges('Bearer error="x", Basic realm="x"')) == Challenge("basic", "x")
    assert preferred(parse_challenges("Negotiate")) is None


@given(st.text(max_size=60))
def test_any_header_ends(header: str) -> None:
    parse_challenges(header)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30))
def test_a_quoted_value_is_kept(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_challenges(f'Bearer realm="{quoted}", service="s"') == (Challenge("bearer", value, "s"),)
