"""A case's project on disk, and its words: what stands for paths and names that differ from run to run."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moorage.devcontainer.variables import devcontainer_id
from moorage.spec.names import CONFIG_FILE, LOCAL_FOLDER
from tests.differential.case import Case

CONFIGURATION = ".devcontainer/devcontainer.json"
_WORD = re.compile(r"@([a-z][a-z0-9.-]*)@")
_INSTALL = "#!/bin/sh\nset -e\n"


class Place:
    """A case written to `folder`/<name>. `known` are further words: images, the registry."""

    def __init__(self, case: Case, folder: Path, known: Mapping[str, str]) -> None:
        self.case = case
        self.top = folder / case.name
        own = {"case": str(self.top), "hash": self.hash, "id": self.devcontainer_id}
        self.words = {**own, **known}
        self._write()

    @property
    def workspace(self) -> Path:
        return self.top / self.case.folder if self.case.folder else self.top

    @property
    def hash(self) -> str:
        """By it the reference names the images of a folder."""
        return hashlib.sha256(str(self.workspace.resolve()).encode()).hexdigest()

    @property
    def labels(self) -> tuple[str, ...]:
        """By one of them each container of the case is found, whichever tool has made it."""
        folder = f"{self.top}/.devcontainer"
        return (
            f"{LOCAL_FOLDER}={self.workspace}",
            f"differential={self.top}",
            f"com.docker.compose.project.working_dir={folder}",
        )

    def filled(self, text: str) -> str:
        """With the words in the place of what stands between two @."""
        return _WORD.sub(lambda match: self.words.get(match[1], match[0]), text)

    def neutral(self, value: Any) -> Any:
        """The other way round, in all strings of a result."""
        if isinstance(value, str):
            return self._neutral(value)
        if isinstance(value, list):
            return [self.neutral(each) for each in value]
        if isinstance(value, dict):
            return {self._neutral(key): self.neutral(each) for key, each in value.items()}
        return value

    def _neutral(self, text: str) -> str:
        for name, value in sorted(self.words.items(), key=lambda item: -len(item[1])):
            text = text.replace(value, f"@{name}@")
        return text

    @property
    def devcontainer_id(self) -> str:
        """By the specification's rule."""
        workspace = str(self.workspace.resolve())
        return devcontainer_id({LOCAL_FOLDER: workspace, CONFIG_FILE: f"{workspace}/{CONFIGURATION}"})

    def _write(self) -> None:
        case = self.case
        files = dict(case.files)
        if case.configuration is not None:
            files[CONFIGURATION] = case.configuration
        for id, body in case.features.items():
            metadata = {"id": id, "version": "1.0.0", "name": id, **body}
            files[f".devcontainer/{id}/install.sh"] = metadata.pop("install", _INSTALL)
            files[f".devcontainer/{id}/devcontainer-feature.json"] = metadata
        self.workspace.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
            (self.top / path).parent.mkdir(parents=True, exist_ok=True)
            (self.top / path).write_text(self.filled(text))
        for folder in case.git:
            subprocess.run(["git", "init", "--quiet", self.top / folder], check=True)
