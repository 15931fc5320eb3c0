"""Kubernetes' forms: quantities, durations, names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.drivers.kubernetes import dockerforms, values
from moorage.drivers.kubernetes.values import BadValue


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", 0.5),
        ("10Gi", 10 * 2**30),
        ("1E", 1e18),
        ("2e3", 2000),
        ("1.5", 1.5),
        ("2Ei", 2**61),
        (".5k", 500),
    ],
)
def test_quantities(text: str, number: float) -> None:
    assert values.amount(text) == pytest.approx(number)


@given(st.integers(min_value=0, max_value=2**62))
def test_bytes_in_units_are_the_same_bytes(count: int) -> None:
    text = values.in_bytes(count)
    if count < 2**53:
        assert values.amount(text) == count


@given(st.text(max_size=20))
def test_any_text_is_a_value_or_bad(text: str) -> None:
    forms = (values.amount, values.duration, values.dns_name, values.label_value, values.document)
    for form in (*forms, dockerforms.size, dockerforms.fields, lambda text: list(dockerforms.ports(text))):
        try:
            form(text)  # type: ignore[operator]
        except BadValue:
            continue


@given(st.text(max_size=200))
def test_any_text_can_be_made_a_label(text: str) -> None:
    assert values.label_value(values.as_label(text)) == values.as_label(text)


@pytest.mark.parametrize(("text", "seconds"), [("300", 300), ("10m", 600), ("1h30m", 5400), ("500ms", 0.5)])
def test_durations(text: str, seconds: float) -> None:
    assert values.duration(text) == seconds
