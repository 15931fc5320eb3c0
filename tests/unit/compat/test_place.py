"""Which project and container the reference CLI's flags mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from moorage.compat.reference.place import ConfigNameWrong, ConfigNotFound, check_name, place, text


def test_the_usual_places_in_their_order(tmp_path: Path) -> None:
    assert place(str(tmp_path)).config == f"{tmp_path}/.devcontainer/devcontainer.json"
    (tmp_path / ".devcontainer.json").write_text("{}")
    assert place(str(tmp_path)).config == f"{tmp_path}/.devcontainer.json"
    write(tmp_path / ".devcontainer/devcontainer.json")
    assert place(str(tmp_path)).config == f"{tmp_path}/.devcontainer/devcontainer.json"


def test_the_only_file_one_folder_below_is_found(tmp_path: Path) -> None:
    write(tmp_path / ".devcontainer/one/devcontainer.json")
    assert place(str(tmp_path)).config == f"{tmp_path}/.devcontainer/one/devcontainer.json"
    write(tmp_path / ".devcontainer/two/devcontainer.json")
    with pytest.raises(ConfigNotFound) as caught:
        text(place(str(tmp_path)))
    assert (
        caught.value.message
        == f"Dev container config ({tmp_path}/.devcontainer/devcontainer.json) not found."
    )


def test_the_current_folder_unless_a_container_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(None).folder == place("").folder == str(tmp_path)
    assert place(None, container="c").folder == ""
    assert place(None, id_labels=("a=b",)).folder == ""
    assert place(None, override="x.json").folder == str(tmp_path)


def test_labels_are_those_given_or_the_usual_two(tmp_path: Path) -> None:
    given = place(str(tmp_path), id_labels=("a=b=c", "d="))
    assert given.labels == {"a": "b=c", "d": ""}
    assert place(str(tmp_path)).labels == {
        "devcontainer.local_folder": str(tmp_path),
        "devcontainer.config_file": f"{tmp_path}/.devcontainer/devcontainer.json",
    }


def test_an_override_is_read_and_the_usual_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    found = place(str(tmp_path), override=str(tmp_path / "other.json"))
    assert text(found) == b"{}"
    assert found.config == f"{tmp_path}/.devcontainer/devcontainer.json"


def test_up_takes_only_the_usual_names(tmp_path: Path) -> None:
    check_name(place(str(tmp_path), config="x/.devcontainer.json"))
    with pytest.raises(ConfigNameWrong):
        check_name(place(str(tmp_path), config="x/other.json"))


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
