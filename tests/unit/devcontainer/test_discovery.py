from __future__ import annotations

import pytest

from moorage.devcontainer.discovery import (
    Candidate,
    NoConfiguration,
    SeveralConfigurations,
    UnknownConfiguration,
    candidates,
    choose,
)

FOLDER = ".devcontainer/devcontainer.json"
FILE = ".devcontainer.json"
PYTHON = ".devcontainer/python/devcontainer.json"
NODE = ".devcontainer/node/devcontainer.json"


def test_candidates_come_in_the_order_of_the_specification() -> None:
    found = candidates(
        [PYTHON, FILE, "src/devcontainer.json", NODE, FOLDER, ".devcontainer/a/b/devcontainer.json"]
    )
    assert found == (
        Candidate("default", FOLDER),
        Candidate(FILE, FILE),
        Candidate("node", NODE),
        Candidate("python", PYTHON),
    )


def test_ids_are_unique() -> None:
    found = candidates([".devcontainer/default/devcontainer.json", FILE])
    assert [each.id for each in found] == ["default", ".devcontainer/default/devcontainer.json"]


def test_the_default_needs_no_choice() -> None:
    assert choose(candidates([PYTHON, FILE]), None, folder="w").path == FILE


def test_an_only_configuration_needs_no_choice() -> None:
    assert choose(candidates(["./" + PYTHON]), None, folder="w").path == PYTHON


@pytest.mark.parametrize("wanted", ["node", NODE, "./" + NODE])
def test_choice_by_id_or_path(wanted: str) -> None:
    assert choose(candidates([FOLDER, PYTHON, NODE]), wanted, folder="w").path == NODE


def test_a_path_elsewhere_is_taken_at_its_word() -> None:
    assert choose((), "ci/devcontainer.json", folder="w") == Candidate(
        "ci/devcontainer.json", "ci/devcontainer.json"
    )


def test_nothing_found_says_what_was_looked_for() -> None:
    with pytest.raises(NoConfiguration, match=r"/home/me/project has no devcontainer\.json") as caught:
        choose((), None, folder="/home/me/project")
    assert "looked for .devcontainer/<folder>/devcontainer.json" in caught.value.evidence
    assert len(caught.value.evidence) == 3


def test_several_without_a_default_must_be_chosen_from() -> None:
    with pytest.raises(SeveralConfigurations) as caught:
        choose(candidates([PYTHON, NODE]), None, folder="w")
    assert caught.value.evidence == (f"node  ({NODE})", f"python  ({PYTHON})")
    assert "--config node" in caught.value.hint
    assert caught.value.exit_code == 2


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UnknownConfiguration) as caught:
        choose(candidates([PYTHON, NODE]), "pyton", folder="w")
    assert caught.value.hint == "Did you mean python?"
