"""Collections of Features and Templates in a folder."""

from __future__ import annotations

import json
from pathlib import Path


def feature(top: Path, id: str, version: str = "1.2.3", **more: object) -> Path:
    """<top>/<id> with its two files."""
    folder = top / id
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {"id": id, "version": version, "name": id.title(), **more}
    (folder / "devcontainer-feature.json").write_text(json.dumps(metadata))
    (folder / "install.sh").write_text("#!/bin/sh\n")
    return folder


def template(top: Path, id: str, version: str = "1.0.0", **more: object) -> Path:
    """<top>/<id> with a configuration of an image."""
    folder = top / id
    (folder / ".devcontainer").mkdir(parents=True, exist_ok=True)
    metadata = {"id": id, "version": version, "name": id.title(), **more}
    (folder / "devcontainer-template.json").write_text(json.dumps(metadata))
    (folder / ".devcontainer" / "devcontainer.json").write_text(
        '{\n    // which one\n    "image": "alpine:${templateOption:variant}"\n}\n'
    )
    return folder
