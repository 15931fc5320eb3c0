"""Words of an image's configuration: durations, ports, a base's own fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.inside.executor.configuration import (
    DEFAULT_PATH,
    BadPort,
    Config,
    duration,
    empty,
    exposed,
    of_image,
    seconds,
    with_variables,
)
from moorage.oci.failures import BadAnswer


@given(st.integers(0, 10**17))
def test_a_duration_is_read_as_it_was_written(nanoseconds: int) -> None:
    if 0 < nanoseconds < 10**9:
        nanoseconds *= 10**9  # below a second Go writes what a float cannot always say
    assert seconds(duration(nanoseconds)) == pytest.approx(nanoseconds, abs=1000)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (5 * 10**9, "5s"),
        (60 * 10**9, "1m0s"),
        (5400 * 10**9, "1h30m0s"),
        (1_500_000_000, "1.5s"),
        (500_000_000, "500ms"),
    ],
)
def test_durations_look_as_in_go(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text


@pytest.mark.parametrize("text", ["", "5", "s", "1x", "1m 5s", "-1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(text)


def test_ports_have_protocols_and_ranges() -> None:
    assert exposed(["80", "53/UDP", "1-2/sctp", "8080:90"]) == [
        "80/tcp",
        "53/udp",
        "1/sctp",
        "2/sctp",
        "90/tcp",
    ]


@pytest.mark.parametrize("word", ["", "x", "5-", "9-8", "1/xyz", "65536"])
def test_what_is_no_port_is_refused(word: str) -> None:
    with pytest.raises(BadPort):
        exposed([word])


def test_a_base_keeps_what_it_has_and_gets_a_path() -> None:
    found = of_image(
        {"os": "linux", "config": {"Env": ["A=1"], "Unknown": 1, "Cmd": None}, "history": None}, "x"
    )
    assert found.config == Config(env=("A=1", f"PATH={DEFAULT_PATH}"))
    assert of_image({"config": {"Env": ["PATH=/x"]}}, "x").config.env == ("PATH=/x",)
    assert empty("linux/arm64/v8").variant == "v8"


def test_a_base_that_is_none_is_told() -> None:
    with pytest.raises(BadAnswer):
        of_image({"config": {"Env": "A=1"}}, "x")


def test_a_variable_keeps_its_place() -> None:
    assert with_variables(Config(env=("A=1", "B=2")), [("A", "3"), ("C", "=")]).env == ("A=3", "B=2", "C==")
