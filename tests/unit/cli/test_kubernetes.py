"""Rights as manifests for people and for kubectl."""

from __future__ import annotations

import json

import yaml
from click.testing import CliRunner

from moorage.cli.kubernetes import kubernetes_command
from moorage.drivers.kubernetes.render import shown


def test_rights_are_manifests_in_both_forms() -> None:
    asked = ["rbac", "--namespace", "dev", "--cluster-role", "view", "--nodes"]
    shown = CliRunner().invoke(kubernetes_command, asked)
    found = list(yaml.safe_load_all(shown.output))
    assert [each["kind"] for each in found] == ["Role", "ClusterRole"]
    assert found[0]["metadata"] == {"name": "moorage", "namespace": "dev"}
    listed = json.loads(CliRunner().invoke(kubernetes_command, [*asked, "--output", "json"]).output)
    assert listed["items"] == found


def test_texts_of_several_lines_are_blocks_and_stay_the_same() -> None:
    data = {"script": "one\n  two\n\nthree\n", "odd": "a \nb", "plain": "x: y"}
    objects: list[dict[str, object]] = [{"kind": "ConfigMap", "data": data}]
    text = shown(objects)
    assert "script: |" in text
    assert list(yaml.safe_load_all(text)) == objects
