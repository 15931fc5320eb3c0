from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.features.lockfile import (
    BadLockfile,
    Locked,
    Lockfile,
    LockfileMismatch,
    LockfileMissing,
    changed,
    differences,
    lockfile_path,
    read,
    resolved,
    write,
)
from moorage.devcontainer.features.order import Order, order
from moorage.devcontainer.jsonc import BrokenJson
from moorage.devcontainer.wrong_type import WrongType
from tests.unit.devcontainer.features.making import digest, lookup

N = "example.com/n"
ONE, TWO = digest("one"), digest("two")


def locked(version: str = "1.0.0", integrity: str = ONE, *depends_on: str) -> Locked:
    return Locked(version=version, resolved=f"{N}/a@{integrity}", integrity=integrity, depends_on=depends_on)


SOME = Lockfile(features={f"{N}/a:1": locked()})
TEXT = f"""{{
  "features": {{
    "{N}/a:1": {{
      "version": "1.0.0",
      "resolved": "{N}/a@{ONE}",
      "integrity": "{ONE}"
    }}
  }}
}}
"""


@pytest.mark.parametrize(
    ("configuration", "lockfile"),
    [
        ("/w/.devcontainer/devcontainer.json", "/w/.devcontainer/devcontainer-lock.json"),
        ("/w/.devcontainer/x/devcontainer.json", "/w/.devcontainer/x/devcontainer-lock.json"),
        ("/w/.devcontainer.json", "/w/.devcontainer-lock.json"),
        (".devcontainer.json", ".devcontainer-lock.json"),
    ],
)
def test_it_stands_beside_the_configuration(configuration: str, lockfile: str) -> None:
    assert lockfile_path(configuration) == lockfile


def test_its_text() -> None:
    assert write(SOME) == TEXT
    assert read(TEXT.encode(), "l") == SOME
    assert write(Lockfile()) == '{\n  "features": {}\n}\n'


def test_its_text_with_dependencies_and_without_a_version() -> None:
    text = write(Lockfile(features={"x": Locked(resolved="r", integrity=ONE, depends_on=("b", "a"))}))
    assert list(json.loads(text)["features"]["x"]) == ["resolved", "integrity", "dependsOn"]
    assert '"dependsOn": [\n        "b",\n        "a"\n      ]' in text


def test_its_keys_are_collated() -> None:
    keys = ["b:1", "A:1", "a:1", "a-b", "a_b", "B:1", "a:10", "a:9"]
    text = write(Lockfile(features={key: locked() for key in keys}))
    assert list(json.loads(text)["features"]) == ["a_b", "a-b", "a:1", "A:1", "a:10", "a:9", "b:1", "B:1"]


def test_pins() -> None:
    assert SOME.pin(f"{N}/a:1") == ONE
    assert SOME.pin("Example.com/N/A:1") == ONE
    assert SOME.pin(f"{N}/a:2") == ""


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_an_empty_file_waits_to_be_filled_in(data: bytes) -> None:
    assert read(data, "l") == Lockfile()
    assert changed(data, SOME, "l") == TEXT
    with pytest.raises(LockfileMismatch):
        changed(data, SOME, "l", frozen=True)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{\n  x", BrokenJson, "l:2:3: "),
        ("[]", BrokenJson, "l:1:1: "),
        ('{"features": []}', WrongType, "l:1:14: features must be an object"),
        ('{"features": {"a": {"resolved": "x"}}}', WrongType, 'needs "integrity"'),
        (
            '{"features": {"a": {"resolved": "x", "integrity": "md5"}}}',
            BadLockfile,
            "l:1:51: the integrity of 'a'",
        ),
    ],
)
def test_broken_files(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        read(text.encode(), "l")
    assert message in str(caught.value)


def test_what_is_right_is_not_written() -> None:
    assert changed(TEXT.encode(), SOME, "l") is None
    assert changed(json.dumps(json.loads(TEXT)).encode(), SOME, "l", frozen=True) is None
    assert changed(TEXT.replace(f"{N}/a:1", f"{N}/A:1").encode(), SOME, "l", frozen=True) is None


def test_what_is_new_is_written() -> None:
    assert changed(None, SOME, "l") == TEXT
    now = Lockfile(features={f"{N}/a:1": locked("1.1.0", TWO), f"{N}/b": locked()})
    assert changed(TEXT.encode(), now, "l") == write(now)
    assert list(differences(SOME, now)) == [
        f"{N}/a:1: 1.0.0 ({ONE[:19]}) → 1.1.0 ({TWO[:19]})",
        f"{N}/b: not locked",
    ]


def test_what_is_gone_is_taken_out() -> None:
    assert changed(TEXT.encode(), Lockfile(), "l") == '{\n  "features": {}\n}\n'


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("data", [None, b""])
def test_nothing_lockable_makes_no_file(data: bytes | None, frozen: bool) -> None:
    assert changed(data, Lockfile(), "l", frozen=frozen) is None


def test_a_frozen_one_that_is_not_there() -> None:
    with pytest.raises(LockfileMissing, match=r"^Lockfile does not exist\.$"):
        changed(None, SOME, "l", frozen=True)


def test_a_frozen_one_that_is_not_right() -> None:
    now = Lockfile(features={f"{N}/a:1": locked("1.1.0", TWO)})
    with pytest.raises(LockfileMismatch, match=r"^Lockfile does not match\.$") as caught:
        changed(TEXT.encode(), now, "l", frozen=True)
    assert caught.value.evidence == (f"{N}/a:1: 1.0.0 ({ONE[:19]}) → 1.1.0 ({TWO[:19]})",)


def locks(wanted: dict[str, Any], said: dict[str, dict[str, Any]], declared: set[str]) -> dict[str, Locked]:
    result = order(wanted, lookup(said))
    assert isinstance(result, Order)
    return resolved(result.installs, declared).features


def test_what_is_kept_of_a_resolution() -> None:
    said: dict[str, dict[str, Any]] = {
        f"{N}/A:1": {"version": "1.2.3", "dependsOn": {f"{N}/b": {}, "./c": {}}},
        f"{N}/b": {},
        "./c": {},
        "https://x.io/devcontainer-feature-d.tgz": {},
    }
    kept = locks({f"{N}/A:1": {}, "https://x.io/devcontainer-feature-d.tgz": {}}, said, set(said))
    assert set(kept) == {f"{N}/A:1", f"{N}/b", "https://x.io/devcontainer-feature-d.tgz"}
    first = kept[f"{N}/A:1"]
    assert first.version == "1.2.3"
    assert first.resolved == f"{N}/a@{first.integrity}"
    assert first.depends_on == (f"{N}/b", "./c")
    assert (
        kept["https://x.io/devcontainer-feature-d.tgz"].resolved == "https://x.io/devcontainer-feature-d.tgz"
    )


def test_additional_features_and_what_only_they_need_are_not_kept() -> None:
    said: dict[str, dict[str, Any]] = {
        f"{N}/a": {"dependsOn": {f"{N}/both": {}}},
        f"{N}/x": {"dependsOn": {f"{N}/both": {}, f"{N}/only": {}}},
        f"{N}/both": {},
        f"{N}/only": {},
    }
    assert set(locks({f"{N}/a": {}, f"{N}/x": {}}, said, {f"{N}/a"})) == {f"{N}/a", f"{N}/both"}


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.builds(
            locked,
            st.text(st.characters(exclude_categories=["Cs"])),
            st.sampled_from([ONE, TWO]),
            st.just("x"),
        ),
        max_size=4,
    )
)
def test_what_is_written_is_read_again(features: dict[str, Locked]) -> None:
    lockfile = Lockfile(features=features)
    text = write(lockfile)
    assert read(text.encode(), "l") == lockfile
    assert changed(text.encode(), lockfile, "l", frozen=True) is None
    assert write(read(text.encode(), "l")) == text
