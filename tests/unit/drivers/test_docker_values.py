"""Values as Docker's command line takes them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.drivers.docker import values
from moorage.drivers.docker.ports import Published, exposed, published
from moorage.drivers.docker.values import BadValue


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("1024", 1024),
        ("64k", 65536),
        ("512m", 512 << 20),
        ("1.5g", 3 << 29),
        ("2GB", 2 << 30),
        ("1 MiB", 1 << 20),
    ],
)
def test_sizes(text: str, amount: int) -> None:
    assert values.size(text) == amount


@pytest.mark.parametrize(
    ("text", "seconds"), [("300", 300), ("5m", 300), ("1h30m", 5400), ("1.5s", 1.5), ("500ms", 0.5), ("0", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert values.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "read", [values.size, values.duration, values.integer, values.switch, values.nanoseconds]
)
@pytest.mark.parametrize("text", ["", "x", "-", "5 apples", "1h 3", "m5", "1.2.3"])
def test_other_text_is_refused(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(BadValue):
        read(text)


def test_nanoseconds_want_a_unit() -> None:
    assert values.nanoseconds("30s") == 30_000_000_000
    with pytest.raises(BadValue):
        values.nanoseconds("30")


FIELD = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\n\0"), max_size=12)


@given(st.lists(FIELD, min_size=1, max_size=5))
def test_fields_are_those_of_a_csv_record(expected: list[str]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(expected)
    assert values.fields(buffer.getvalue()) == expected


@pytest.mark.parametrize("text", ['"a', 'a,"b"c', '"a""'])
def test_quotes_that_do_not_match(text: str) -> None:
    with pytest.raises(BadValue):
        values.fields(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", {"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}),
        ("2", {"Driver": "", "Count": 2, "Capabilities": [["gpu"]]}),
        ("device=1", {"Driver": "", "Count": 0, "Capabilities": [["gpu"]], "DeviceIDs": ["1"]}),
        (
            '"device=0,2","capabilities=compute,utility",driver=nvidia',
            {
                "Driver": "nvidia",
                "Count": 0,
                "Capabilities": [["gpu", "compute", "utility"]],
                "DeviceIDs": ["0", "2"],
            },
        ),
    ],
)
def test_gpus(text: str, expected: dict[str, object]) -> None:
    assert values.gpus(text) == expected


@pytest.mark.parametrize(
    ("text", "inside", "permissions"),
    [
        ("/dev/a", "/dev/a", "rwm"),
        ("/dev/a:/dev/b", "/dev/b", "rwm"),
        ("/dev/a:r", "/dev/a", "r"),
        ("/dev/a:/b:rw", "/b", "rw"),
    ],
)
def test_devices(text: str, inside: str, permissions: str) -> None:
    assert values.device(text) == {
        "PathOnHost": "/dev/a",
        "PathInContainer": inside,
        "CgroupPermissions": permissions,
    }


def test_environment_files() -> None:
    text = "\ufeff# comment\n\nA=1\n  B=x=y \nC\n"
    assert list(values.environment_file(text)) == [("A", "1"), ("B", "x=y "), ("C", None)]
    with pytest.raises(BadValue):
        list(values.environment_file("a b=c"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3000", [("3000/tcp", "", "")]),
        ("8080:80", [("80/tcp", "", "8080")]),
        ("127.0.0.1:8080:80/udp", [("80/udp", "127.0.0.1", "8080")]),
        ("localhost:1:2", [("2/tcp", "127.0.0.1", "1")]),
        ("127.0.0.1::80", [("80/tcp", "127.0.0.1", "")]),
        ("[::1]:1:2", [("2/tcp", "::1", "1")]),
        ("0:80", [("80/tcp", "", "")]),
        ("8000-8001:80-81", [("80/tcp", "", "8000"), ("81/tcp", "", "8001")]),
        ("8000-8009:80", [("80/tcp", "", "8000-8009")]),
        ("target=80,published=8080,protocol=udp", [("80/udp", "", "8080")]),
    ],
)
def test_ports(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = [Published(inside=inside, ip=ip, host=host) for inside, ip, host in expected]
    assert list(published(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0",
        "70000",
        "1:2:3:4",
        "80:x",
        "2-1:2-1",
        "1-3:1-2",
        "80/icmp",
        "1-65535:1-65535",
        "published=1",
    ],
)
def test_wrong_ports(text: str) -> None:
    with pytest.raises(BadValue):
        published(text)


def test_exposed_ports() -> None:
    assert exposed("80-81/udp") == ("80/udp", "81/udp")
    with pytest.raises(BadValue):
        exposed("1:2")
