"""The pins that come with moorage, and the choice of wheels."""

from __future__ import annotations

import re

import pytest

from moorage.runtime import lock
from moorage.runtime.errors import RuntimeIncomplete
from moorage.runtime.lock import Lock, Pin, Wheel
from moorage.runtime.recipe import ARCHITECTURES, PACKAGES, PYTHON, RELEASE


def test_the_lock_is_that_of_the_recipe() -> None:
    pins = lock.load()
    assert (pins.release, pins.python) == (RELEASE, PYTHON)
    for architecture in ARCHITECTURES:
        assert {each.name for each in pins.packages[architecture]} >= set(PACKAGES)


def test_every_pin_has_a_checksum_and_no_address() -> None:
    pins = lock.load()
    wheels = [pin for wheel in pins.wheels for pin in wheel.pins.values()]
    packages = [pin for found in pins.packages.values() for pin in found]
    for pin in (*wheels, *packages, *pins.tool.values()):
        assert re.fullmatch(r"[0-9a-f]{64}", pin.sha256)
        assert pin.path.startswith(("pool/", "packages/"))
        assert pin.size > 0


def test_writing_and_reading_again_is_the_same() -> None:
    assert lock.decode(lock.encode(lock.load())) == lock.load()


def test_a_wheel_brings_what_it_needs() -> None:
    pins = locked(wheel("a", "b"), wheel("b", "c"), wheel("c"), wheel("d"))
    assert [each.name for each in lock.wheels_for(pins, frozenset({"a_module"}))] == ["a", "b", "c"]
    assert lock.wheels_for(pins, frozenset()) == ()


def test_a_module_without_a_wheel_is_said() -> None:
    with pytest.raises(RuntimeIncomplete, match="nobody"):
        lock.wheels_for(locked(), frozenset({"nobody"}))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"release": 1}', b"\xff"])
def test_a_broken_lock_is_said(content: bytes) -> None:
    with pytest.raises(RuntimeIncomplete):
        lock.decode(content)


def wheel(name: str, *requires: str) -> Wheel:
    pin = Pin(name=name, version="1", archive="pypi", path="packages/x", sha256="", size=1)
    return Wheel(name=name, modules=(f"{name}_module",), requires=requires, pins={"amd64": pin})


def locked(*wheels: Wheel) -> Lock:
    return Lock(release="", python="", date="", packages={}, wheels=wheels, tool={})
