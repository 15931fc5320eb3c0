"""Which ports are forwarded, and how they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.metadata import Merged, merge
from moorage.workspace.ports import BadPort, parse, wanted


@pytest.mark.parametrize(
    ("text", "host", "port", "local", "fixed"),
    [
        ("3000", "localhost", 3000, 3000, False),
        ("8080:3000", "localhost", 3000, 8080, True),
        ("db:5432", "db", 5432, 5432, False),
        ("15432:db.internal:5432", "db.internal", 5432, 15432, True),
        ("[::1]:80", "::1", 80, 80, False),
    ],
)
def test_the_forms_of_a_port(text: str, host: str, port: int, local: int, fixed: bool) -> None:
    found = parse(text)
    assert (found.host, found.port, found.local, found.fixed) == (host, port, local, fixed)


@pytest.mark.parametrize(
    "text", ["", "x", "0", "65536", "70000:80", "-1", "a:b", "1:2:3:4", "3000/tcp", "-h:80"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadPort) as raised:
        parse(text)
    assert "8080:3000" in raised.value.hint


@given(st.text(max_size=30))
def test_any_text_is_a_port_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except BadPort:
        return
    assert 0 < found.port < 65536
    assert not found.host.startswith("-")


def merged(**properties: object) -> Merged:
    return merge([properties])


def test_without_ports_those_of_the_configuration_are_meant() -> None:
    found = wanted(merged(forwardPorts=[3000, "db:5432", "localhost:3000"]), ())
    assert [each.place for each in found] == ["3000", "db:5432"]


def test_named_ports_replace_them() -> None:
    assert [each.place for each in wanted(merged(forwardPorts=[3000]), ("4000",))] == ["4000"]


def test_attributes_by_number_range_pattern_and_for_all_others() -> None:
    settings = merged(
        portsAttributes={
            "4000-4005": {"label": "range"},
            "4003": {"label": "late"},
            "3000": {"label": "web", "protocol": "https", "requireLocalPort": True},
            "50[0-9]{2}": {"label": "pattern"},
            "db:5432": {"label": "database"},
            "(": {"label": "broken"},
        },
        otherPortsAttributes={"label": "other"},
    )
    found = {each.place: each for each in wanted(settings, ("3000", "4003", "5001", "db:5432", "9"))}
    assert {place: each.label for place, each in found.items()} == {
        "3000": "web",
        "4003": "range",
        "5001": "pattern",
        "db:5432": "database",
        "9": "other",
    }
    assert found["3000"].fixed
    assert found["3000"].protocol == "https"
    assert not found["9"].fixed
