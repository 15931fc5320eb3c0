from __future__ import annotations

import json
from typing import Any

import pytest

from moorage.devcontainer.features.check import check_order, check_references
from moorage.devcontainer.features.options import BadFeatureOption
from moorage.devcontainer.features.order import Order, order
from moorage.devcontainer.features.reference import BadFeatureReference
from moorage.devcontainer.jsonc import Document, parse
from tests.unit.devcontainer.features.making import lookup

SAID: dict[str, dict[str, Any]] = {
    "./a": {"options": {"fast": {"type": "boolean", "default": False}}},
    "./b": {"dependsOn": {"./a": {"fast": "yes"}}},
    "./old": {"deprecated": True},
}


def file(features: dict[str, Any], **more: Any) -> Document:
    return parse(json.dumps({"features": features, **more}, indent=2), "d.json")


def resolved(document: Document, additional: dict[str, Any] | None = None) -> Order:
    features = document.value["features"]
    assert isinstance(features, dict)
    result = order({**features, **(additional or {})}, lookup(SAID))
    assert isinstance(result, Order)
    return result


def test_references_that_are_fine() -> None:
    check_references(file({"./a": {}, "node": {}}, overrideFeatureInstallOrder=["./a"]))
    check_references(parse('{"features": [], "overrideFeatureInstallOrder": [1]}', "d.json"))
    check_references(parse("{}", "d.json"))


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (file({"./a": {}, "fish": {}}), "d.json:4:5: "),
        (file({}, overrideFeatureInstallOrder=["./a", "fish"]), "d.json:5:5: "),
    ],
)
def test_a_bad_reference_is_told_with_its_place(document: Document, place: str) -> None:
    with pytest.raises(BadFeatureReference, match="prepend your Feature name with") as caught:
        check_references(document)
    assert caught.value.message.startswith(place)
    assert "fish" in caught.value.evidence[0]
    assert caught.value.hint


def test_short_names_only_where_they_are_mapped() -> None:
    with pytest.raises(BadFeatureReference):
        check_references(file({"node": {}}), auto_mapping=False)


def test_a_bad_option_is_told_with_its_place() -> None:
    document = file({"./b": {}, "./a": {"fast": "no"}})
    with pytest.raises(BadFeatureOption, match=r"^d\.json:4:5: The option 'fast'"):
        check_order(document, resolved(document))


def test_a_bad_option_of_the_command_line_has_no_place() -> None:
    document = file({})
    with pytest.raises(BadFeatureOption, match=r"^The option 'fast'"):
        check_order(document, resolved(document, {"./a": {"fast": "no"}}))


def test_remarks_have_the_place_of_what_the_file_says() -> None:
    document = file({"./b": {"x": "1"}})
    [other, own] = check_order(document, resolved(document))
    assert other.text.startswith("The option 'fast' of the Feature './a' must be true or false")
    assert own.text.startswith("d.json:3:5: The Feature './b' declares no option 'x'")


def test_remarks_on_the_order() -> None:
    result = order({}, {}, override=["./c"])
    assert isinstance(result, Order)
    [remark] = check_order(file({}), result)
    assert remark.code == "override-without-effect"


def test_a_deprecated_feature_is_told_with_its_place() -> None:
    document = file({"./old": {}})
    [remark] = check_order(document, resolved(document))
    assert remark.code == "deprecated-feature"
    assert remark.text.startswith("d.json:3:5: ")
