from __future__ import annotations

from pathlib import Path

from moorage.compat.authoring.collection import collection
from moorage.compat.authoring.documents import Place, text, write
from tests.unit.compat.authoring.folders import feature, template

PLACE = Place(namespace="o/r", github="o/r")


def readme(folder: Path, notes: str = "", **more: object) -> str:
    (item,) = collection(feature(folder, "hello", **more), "feature", lambda warning: None)
    return text(item, PLACE, notes)


def test_it_says_what_the_metadata_says(tmp_path: Path) -> None:
    found = readme(
        tmp_path,
        notes="## More\n\nmine\n",
        description="Says hello.",
        options={"loud": {"type": "boolean", "default": False, "description": "Shout"}},
        documentationURL="https://example.com",
        customizations={"vscode": {"extensions": ["a.b"]}},
    )
    assert found.startswith("# Hello (hello)\n\nSays hello.\n")
    assert '"ghcr.io/o/r/hello:1": {}' in found
    assert "| `loud` | Shout | boolean | `false` |" in found
    assert "- `a.b`" in found
    assert "## More\n\nmine\n" in found
    assert "https://github.com/o/r/blob/main/src/hello/devcontainer-feature.json" in found


def test_a_description_does_not_break_the_table(tmp_path: Path) -> None:
    option = {"type": "string", "default": "", "enum": ["a", "b"], "description": "one | two\nthree"}
    found = readme(tmp_path, options={"x": option})
    assert "| `x` | one \\| two three | string: `a`, `b` |  |" in found


def test_old_names_and_the_end_are_said(tmp_path: Path) -> None:
    found = readme(tmp_path, deprecated=True, legacyIds=["old"])
    assert "Deprecated" in found
    assert "`old`" in found


def test_files_are_written_again_the_same(tmp_path: Path) -> None:
    folder = template(tmp_path, "t", options={"variant": {"type": "string", "default": "1"}})
    (folder / "NOTES.md").write_text("Take care.\n")
    items = collection(tmp_path, "template", lambda warning: None)
    assert write(items, PLACE) == [folder / "README.md"]
    first = (folder / "README.md").read_text()
    assert "Take care." in first
    assert "## Usage" not in first
    write(collection(tmp_path, "template", lambda warning: None), PLACE)
    assert (folder / "README.md").read_text() == first
