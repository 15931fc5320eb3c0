"""The corpus: configurations, and what both tools are asked about them, as typed data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
IMAGES = CORPUS / "images.yaml"
REGISTRY = CORPUS / "registry.yaml"

READ = (("read-configuration",), ("read-configuration", "--include-merged-configuration"))
"""What is asked of a case that says nothing else."""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One project and the commands for it. Words between two @ are filled in (place.py).

    `configuration` is .devcontainer/devcontainer.json; as text it is written as it is. `features` are
    local ones below .devcontainer. `git` are folders that become repositories. Each of `ask` gets
    `--workspace-folder` of `folder`, unless `folder` is "" (then it is only the current folder).
    `inside` is a shell command whose output in the container that `up` made is compared too.
    """

    id: str = ""
    topic: str = ""
    configuration: dict[str, Any] | str | None = None
    files: dict[str, Any] = {}
    features: dict[str, dict[str, Any]] = {}
    name: str = "project"
    folder: str = "."
    git: tuple[str, ...] = ()
    env: dict[str, str] = {}
    ask: tuple[tuple[str, ...], ...] = READ
    inside: str = ""
    live: bool = False
    """Whether the reference is run for it in every run, beside its recorded answer."""


def cases() -> Iterator[Case]:
    """All of the corpus, by file; ids are unique."""
    for path in sorted(CORPUS.glob("*.yaml")):
        if path in (IMAGES, REGISTRY):
            continue
        for id, body in yaml.safe_load(path.read_text()).items():
            case = msgspec.convert(body, Case, strict=False)
            yield msgspec.structs.replace(case, id=f"{path.stem}/{id}", topic=path.stem)
