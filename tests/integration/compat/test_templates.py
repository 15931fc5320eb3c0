"""Templates published and applied by both tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.compat.beside import DropIn, Reference
from tests.outside import Traces

METADATA = {
    "id": "tpl",
    "version": "1.0.0",
    "name": "Tpl",
    "options": {
        "word": {"type": "string", "default": "three"},
        "flag": {"type": "boolean", "default": False},
    },
}
CONFIGURATION = '{"image": "alpine:${templateOption:word}", "flag": "${templateOption:flag}"}'
BYTES = bytes(range(256))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A collection of one Template, with a file that is no text."""
    folder = tmp_path / "source/src/tpl"
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / "devcontainer-template.json").write_text(json.dumps(METADATA))
    (folder / ".devcontainer/devcontainer.json").write_text(CONFIGURATION)
    (folder / "README.md").write_text("about")
    (folder / "data").write_bytes(BYTES)
    return folder.parent


def test_each_applies_what_the_other_has_published(
    source: Path, tmp_path: Path, registry: str, reference: Reference, dropin: DropIn, cleanup: Traces
) -> None:
    host = f"localhost:{registry.rpartition(':')[2]}"
    for publisher in (reference, dropin):
        namespace = f"{cleanup.token}/{type(publisher).__name__.lower()}"
        published = publisher("templates", "publish", source, "-r", host, "-n", namespace)
        assert json.loads(published.stdout)["tpl"]["publishedTags"] == ["1", "1.0", "1.0.0", "latest"]
        said = []
        for tool in (reference, dropin):
            place = f"{host}/{namespace}/tpl"
            target = tmp_path / namespace / type(tool).__name__
            target.mkdir(parents=True)
            args = ("-a", '{"flag": "true"}')
            applied = tool("templates", "apply", "-w", target, "-t", f"{place}:1", *args)
            made = json.loads((target / ".devcontainer/devcontainer.json").read_text())
            metadata = json.loads(tool("templates", "metadata", place).stdout)
            said.append((sorted(json.loads(applied.stdout)["files"]), made, metadata))
        assert said[1] == said[0]
        assert said[0][1] == {"image": "alpine:three", "flag": "true"}


def test_files_and_defaults_arrive_as_they_are(
    source: Path, tmp_path: Path, registry: str, dropin: DropIn, cleanup: Traces
) -> None:
    """The reference reads all files as text, and takes a default of false for none."""
    host = f"localhost:{registry.rpartition(':')[2]}"
    assert dropin("templates", "publish", source, "-r", host, "-n", cleanup.token).code == 0
    dropin("templates", "apply", "-w", tmp_path / "target", "-t", f"{host}/{cleanup.token}/tpl:1")
    assert (tmp_path / "target/data").read_bytes() == BYTES
    made = json.loads((tmp_path / "target/.devcontainer/devcontainer.json").read_text())
    assert made["flag"] == "false"
