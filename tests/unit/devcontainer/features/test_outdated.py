from __future__ import annotations

import msgspec
import pytest

from moorage.devcontainer.features.outdated import outdated
from moorage.devcontainer.features.reference import OciReference, parse

TAGS = ["1", "1.0", "1.0.4", "1.1.0", "2", "2.11", "2.11.1", "latest"]
DIGEST = "sha256:" + "a" * 64


def told(written: str, **known: str) -> object:
    reference = parse(written)
    assert isinstance(reference, OciReference)
    return msgspec.to_builtins(outdated(reference, TAGS, **known))


@pytest.mark.parametrize(
    ("written", "known", "current", "wanted"),
    [
        ("x.io/n/a:1", {"locked": "1.0.4"}, "1.0.4", "1.1.0"),
        ("x.io/n/a:1", {}, "1.1.0", "1.1.0"),
        ("x.io/n/a:1.0", {"locked": "1.0.4"}, "1.0.4", "1.0.4"),
        ("x.io/n/a", {"locked": "1.0.4"}, "1.0.4", "2.11.1"),
        (f"x.io/n/a@{DIGEST}", {"pinned": "1.0.4"}, "1.0.4", "1.0.4"),
        (f"x.io/n/a@{DIGEST}", {"locked": "1.1.0", "pinned": "1.0.4"}, "1.1.0", "1.1.0"),
    ],
)
def test_what_is_newer(written: str, known: dict[str, str], current: str, wanted: str) -> None:
    assert told(written, **known) == {
        "current": current,
        "wanted": wanted,
        "wantedMajor": wanted[0],
        "latest": "2.11.1",
        "latestMajor": "2",
    }


def test_what_cannot_be_told_is_left_out() -> None:
    assert told("x.io/n/a:3") == {"latest": "2.11.1", "latestMajor": "2"}
    assert told(f"x.io/n/a@{DIGEST}") == {"latest": "2.11.1", "latestMajor": "2"}
