from __future__ import annotations

from moorage.devcontainer.legacy import modernise


def test_extensions_are_united_and_settings_of_the_new_place_win() -> None:
    old = {
        "extensions": ["a", "b"],
        "settings": {"x": 1, "y": 1},
        "devPort": 9,
        "customizations": {"vscode": {"extensions": ["b", "c"], "settings": {"y": 2}}, "other": {}},
    }
    assert modernise(old) == {
        "customizations": {
            "vscode": {"extensions": ["b", "c", "a"], "settings": {"x": 1, "y": 2}, "devPort": 9},
            "other": {},
        }
    }
    assert old["extensions"] == ["a", "b"]


def test_build_wins_over_the_old_names() -> None:
    assert modernise({"dockerFile": "Old", "context": "old", "build": {"dockerfile": "New"}}) == {
        "build": {"dockerfile": "New", "context": "old"}
    }


def test_todays_names_stay_as_they_are() -> None:
    value: dict[str, object] = {"image": "x", "build": {"context": "."}}
    assert modernise(value) == value
