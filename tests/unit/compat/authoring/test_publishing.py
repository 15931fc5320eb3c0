from __future__ import annotations

import pytest

from moorage.compat.authoring.publishing import tags_for


@pytest.mark.parametrize(
    ("version", "published", "tags"),
    [
        ("1.2.3", [], ("1", "1.2", "1.2.3", "latest")),
        ("1.2.3", ["1.2.3", "latest"], ()),
        ("1.2.4", ["1.2.3", "1.2", "1", "latest"], ("1", "1.2", "1.2.4", "latest")),
        ("1.2.2", ["1.2.3"], ("1.2.2",)),
        ("1.1.9", ["1.2.3"], ("1.1", "1.1.9")),
        ("1.10.0", ["1.9.0"], ("1", "1.10", "1.10.0", "latest")),
        ("1.3.0", ["2.0.0"], ("1", "1.3", "1.3.0")),
        ("0.0.1", [], ("0", "0.0", "0.0.1", "latest")),
        ("2.0.0-rc.1", ["1.0.0"], ("2.0.0-rc.1",)),
        ("1.0.0", ["2.0.0-rc.1"], ("1", "1.0", "1.0.0", "latest")),
        ("1.0.0", ["latest", "1", "dev", "sha-abc"], ("1", "1.0", "1.0.0", "latest")),
    ],
)
def test_tags_of_a_new_version(version: str, published: list[str], tags: tuple[str, ...]) -> None:
    assert tags_for(version, published) == tags


def test_versions_in_any_order_end_with_the_same_tags() -> None:
    def ends(order: list[str]) -> dict[str, str]:
        tags: dict[str, str] = {}
        for version in order:
            tags |= dict.fromkeys(tags_for(version, tags), version)
        return tags

    versions = ["1.0.0", "1.2.0", "1.2.1", "2.0.0", "2.0.1-rc.1", "0.9.0"]
    assert ends(versions) == ends(versions[::-1]) == ends(sorted(versions, key=hash))
    assert ends(versions)["latest"] == "2.0.0"
    assert ends(versions)["1"] == "1.2.1"
