"""Debian's index: versions in order, and what a choice of packages brings along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.runtime.errors import RuntimeIncomplete
from moorage.runtime.index import Package, checksums, compare, field, needed, newest, packages

RELEASE = """\
Origin: Debian
Date: Sat, 12 Sep 2026 07:55:41 UTC
MD5Sum:
 0000 10 main/binary-amd64/Packages.xz
SHA256:
 1111 20 main/binary-amd64/Packages.xz
 2222 20 main/binary-arm64/Packages.xz
Other: value
"""
STANZAS = """\
Package: libfoo1
Version: 1.0-1
Section: libs
Depends: libc6 (>= 2.38), foo-common | foo-other
Provides: libfoo (= 1)
Filename: pool/f/foo.deb
Size: 12
SHA256: aa

Package: libc6
Version: 2.41
Section: libs
Filename: pool/c.deb
Size: 3
SHA256: bb
"""
VERSIONS = st.from_regex(r"([0-9]:)?[0-9][A-Za-z0-9.+~]{0,6}(-[A-Za-z0-9.+~]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0+b1"),
        ("1.0-1", "1.0-1+deb13u1"),
        ("1.0-1~deb13u1", "1.0-1"),
        ("9.9", "1:0.1"),
        ("1.0a", "1.0+"),
        ("3.13.5-2+deb13u4", "3.13.5-2+deb13u5"),
    ],
)
def test_versions_are_ordered_as_debian_does(older: str, newer: str) -> None:
    assert compare(older, newer) < 0 < compare(newer, older)
    assert compare(newer, newer) == 0


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_one(a: str, b: str, c: str) -> None:
    assert (compare(a, b) > 0) == (compare(b, a) < 0)
    if compare(a, b) <= 0 and compare(b, c) <= 0:
        assert compare(a, c) <= 0


def test_only_the_strong_checksums_are_read() -> None:
    assert checksums(RELEASE) == {
        "main/binary-amd64/Packages.xz": "1111",
        "main/binary-arm64/Packages.xz": "2222",
    }
    assert field(RELEASE, "Origin") == "Debian"


def test_a_stanza_becomes_a_package() -> None:
    foo, libc = packages(STANZAS, "debian")
    assert foo == Package(
        name="libfoo1", version="1.0-1", section="libs", depends=("libc6", "foo-common"),
        provides=("libfoo",), path="pool/f/foo.deb", sha256="aa", size=12, archive="debian",
    )  # fmt: skip
    assert libc.depends == ()


def test_the_newest_of_several_suites_is_taken() -> None:
    security = package("a", version="1.0-1+deb13u1")
    assert newest([package("a"), security, package("a")]) == {"a": security}


def test_only_libraries_are_followed() -> None:
    index = {
        each.name: each
        for each in (
            package("git", "vcs", ("liba", "perl")),
            package("liba", "libs", ("virtual", "debconf")),
            package("real", "libs", (), ("virtual",)),
            package("perl", "perl", ("libperl",)),
            package("libperl", "libs"),
            package("debconf", "admin"),
        )
    }
    assert [each.name for each in needed(index, ["git"], frozenset({"libs"}))] == ["git", "liba", "real"]


def test_what_debian_does_not_have_is_said() -> None:
    with pytest.raises(RuntimeIncomplete, match="nothing-such"):
        needed({}, ["nothing-such"], frozenset())


def package(
    name: str,
    section: str = "libs",
    depends: tuple[str, ...] = (),
    provides: tuple[str, ...] = (),
    version: str = "1.0-1",
) -> Package:
    return Package(
        name=name, version=version, section=section, depends=depends, provides=provides,
        path=f"pool/{name}", sha256="", size=0, archive="debian",
    )  # fmt: skip
