from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.compat.authoring.edit import with_features
from moorage.compat.authoring.template import BadTemplate
from moorage.devcontainer.jsonc import parse

NEW = {"ghcr.io/a/b:1": {"v": "1"}}

FILES = [
    "{}",
    "{ }",
    "{ // nothing yet\n}",
    '{"image": "alpine"}',
    '{\n\t// the image\n\t"image": "alpine", // here\n}\n',
    '{\n  "features": {},\n  "image": "alpine"\n}',
    '{\n  "features": {\n    // none\n  }\n}',
    '{\n  "features": {\n    "ghcr.io/x/y:1": {}, // used\n  },\n}',
    '{"features":{"ghcr.io/x/y:1":"1"}}',
    '\ufeff{\r\n    "image": "alpine"\r\n}\r\n',
    '/* { */ {"a": "}{", "image": "alpine"}',
]


@pytest.mark.parametrize("text", FILES)
def test_features_are_added_and_nothing_else_changes(text: str) -> None:
    before = parse(text, "f").value
    after = parse(with_features(text.encode(), "f", NEW), "f").value
    had = before.pop("features", {})
    features = after.pop("features")
    assert isinstance(had, dict)
    assert features == {**NEW, **had}
    assert after == before


def test_comments_and_indentation_stay() -> None:
    text = b'{\n\t// the image\n\t"image": "alpine" // here\n}\n'
    expected = (
        b'{\n\t"features": {\n\t\t"ghcr.io/a/b:1": {\n\t\t\t"v": "1"\n\t\t}\n\t},\n'
        b'\t// the image\n\t"image": "alpine" // here\n}\n'
    )
    assert with_features(text, "f", NEW) == expected


def test_what_is_named_already_keeps_what_it_says() -> None:
    text = b'{"features": {"ghcr.io/a/b:1": {"v": "mine"}}}'
    assert with_features(text, "f", NEW) == text


def test_features_that_are_no_object_are_refused() -> None:
    with pytest.raises(BadTemplate, match="must be an object"):
        with_features(b'{"features": []}', "f", NEW)


@given(
    st.dictionaries(st.text(min_size=1), st.dictionaries(st.text(), st.text() | st.booleans()), max_size=3)
)
def test_any_reference_and_option_is_written_so_that_it_is_read_again(added: dict[str, object]) -> None:
    text = with_features(b'{\n  "image": "alpine"\n}', "f", added)
    assert parse(text, "f").value.get("features", {}) == added
