"""What both tools tell of a project's Features, from a folder and from a registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.compat.beside import DropIn, Reference
from tests.outside import Traces

BASE = "moorage-test/metadata:latest"
FEATURE = {
    "version": "1.2.3",
    "name": "One",
    "options": {"word": {"type": "string", "default": "d"}},
    "customizations": {"vscode": {"extensions": ["f.g"]}},
    "postCreateCommand": "echo one",
    "mounts": ["source=one-${devcontainerId},target=/one,type=volume"],
    "containerEnv": {"ONE": "1"},
}


def test_what_is_known_of_features(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn, registry: str, cleanup: Traces
) -> None:
    namespace = f"localhost:{registry.rpartition(':')[2]}/{cleanup.token}/features"
    source = workspace({}, name="source", files=feature("src", "far"))
    published = dropin("features", "publish", source / "src", "-r", namespace.partition("/")[0],
                       "-n", namespace.partition("/")[2])  # fmt: skip
    assert json.loads(published.stdout)["far"]["version"] == "1.2.3", published.stderr
    folder = workspace(
        {
            "image": BASE,
            "features": {f"{namespace}/far:1": {"word": "w"}, "./near": "v", f"{namespace}/far": {}},
        },
        files=feature(".devcontainer", "near"),
    )
    words = ("read-configuration", "--workspace-folder", folder)
    flags = ("--include-features-configuration", "--include-merged-configuration")
    theirs, ours = (json.loads(tool(*words, *flags).stdout) for tool in (reference, dropin))
    assert without_folders(ours) == without_folders(theirs)
    for cached in folders(ours):
        assert (Path(cached) / "install.sh").exists()

    for command in (("outdated",), ("outdated", "--output-format", "json"), ("upgrade", "--dry-run")):
        theirs, ours = (tool(*command, cwd=folder).stdout.rstrip() for tool in (reference, dropin))
        assert ours == theirs
    assert dropin("upgrade", cwd=folder).code == 0
    lock = (folder / ".devcontainer/devcontainer-lock.json").read_text()
    assert reference("upgrade", cwd=folder).code == 0
    assert (folder / ".devcontainer/devcontainer-lock.json").read_text() == lock


def test_information_of_a_feature(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn, registry: str, cleanup: Traces
) -> None:
    host = f"localhost:{registry.rpartition(':')[2]}"
    source = workspace({}, name="source", files=feature("src", "far"))
    assert reference("features", "publish", source / "src", "-r", host, "-n", cleanup.token).code == 0
    words, flags = ("features", "info"), (f"{host}/{cleanup.token}/far:1", "--output-format", "json")
    theirs, ours = (
        {mode: json.loads(tool(*words, mode, *flags).stdout) for mode in ("manifest", "tags", "dependencies")}
        for tool in (reference, dropin)
    )
    assert ours["manifest"] == theirs["manifest"]
    assert sorted(ours["tags"]["publishedTags"]) == sorted(theirs["tags"]["publishedTags"])
    assert ours["tags"]["publishedTags"] == ["1.2.3", "1", "1.2", "latest"]
    assert theirs["dependencies"] == {}
    assert ours["dependencies"]["dependencies"].startswith("flowchart\n")


def feature(top: str, name: str) -> dict[str, str]:
    return {
        f"{top}/{name}/devcontainer-feature.json": json.dumps({"id": name, **FEATURE}),
        f"{top}/{name}/install.sh": "#!/bin/sh\ntrue\n",
    }


def folders(body: dict[str, Any]) -> list[str]:
    return [each["features"][0]["cachePath"] for each in body["featuresConfiguration"]["featureSets"]]


def without_folders(body: dict[str, Any]) -> dict[str, Any]:
    """Without where the tools keep their copies, and in one order of keys."""
    sets = [
        {**each, "features": [{**each["features"][0], "cachePath": ""}]}
        for each in body["featuresConfiguration"]["featureSets"]
    ]
    return {**body, "featuresConfiguration": {"featureSets": sets}}
