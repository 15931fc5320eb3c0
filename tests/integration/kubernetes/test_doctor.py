"""doctor on a real cluster: with the least rights, without one of them, and where there is nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.kubernetes.person import Person


def checks(person: Person, *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    result = person("doctor", "--output", "json", *options)
    return result.code, {check["name"]: check for check in result.json()["checks"]}


def test_the_least_rights_are_all_that_workspaces_need(person: Person) -> None:
    code, found = checks(person)
    assert code == 0, found
    assert found["rights"] == {
        "name": "rights", "level": "ok", "text": "all that workspaces need", "hint": "",
    }  # fmt: skip
    assert found["namespace"]["text"] == person.namespace
    assert "engine" not in found
    code, found = checks(person, "-o", "buildRepository=registry.example/images")
    assert code == 0
    assert (found["images"]["level"], "leases" in found["images"]["text"]) == ("warn", True)


def test_a_missing_right_is_named(person: Person) -> None:
    role = person.cluster.get(person.namespace, "role", "moorage")
    kept = [rule for rule in role["rules"] if rule["resources"] != ["pods/exec", "pods/portforward"]]
    assert len(kept) == len(role["rules"]) - 1
    patch = json.dumps({"rules": kept})
    person.cluster.kubectl("--namespace", person.namespace, "patch", "role", "moorage", f"--patch={patch}")
    code, found = checks(person)
    assert code == 5
    assert "create pods/exec" in found["rights"]["text"]
    assert f"moorage kubernetes rbac --namespace {person.namespace}" in found["rights"]["hint"]


@pytest.mark.parametrize("text", ["", "apiVersion: v1\nkind: Config\n", "{"])
def test_no_cluster_to_be_found(person: Person, tmp_path: Path, text: str) -> None:
    file = tmp_path / "other"
    file.write_text(text)
    person.cli.env["KUBECONFIG"] = str(file)
    code, found = checks(person)
    assert code == 5
    assert found["cluster"]["level"] == "fail"
    assert found["cluster"]["hint"]
    assert found["git"]["level"] == "ok"
