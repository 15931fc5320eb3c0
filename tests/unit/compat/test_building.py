"""Which flags of `build` go together, in the reference CLI's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from moorage.compat.reference.building import BuildFlagsConflict, SeveralPlatforms, check
from moorage.compat.reference.configured import Configured, configured
from moorage.compat.reference.place import place

IMAGE = {"image": "debian"}
COMPOSE = {"dockerComposeFile": "c.yml", "service": "s"}
DOCKERFILE = {"build": {"dockerfile": "Dockerfile"}}


@pytest.mark.parametrize(
    ("configuration", "flags", "words"),
    [
        (IMAGE, {"push": True, "output": "type=docker"}, "--push true cannot be used with --output."),
        (IMAGE, {"push": True, "buildkit": "never"}, "--platform or --push require BuildKit enabled."),
        (
            IMAGE,
            {"platform": "linux/arm64", "buildkit": "never"},
            "--platform or --push require BuildKit enabled.",
        ),
        (COMPOSE, {"push": True}, "--platform or --push not supported."),
        (COMPOSE, {"platform": "linux/arm64"}, "--platform or --push not supported."),
        (COMPOSE, {"output": "type=oci"}, "--output not supported."),
        (COMPOSE, {"cache_to": "type=inline"}, "--cache-to not supported."),
    ],
)
def test_what_does_not_go_together(
    configuration: dict[str, Any], flags: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(BuildFlagsConflict) as caught:
        check(flags, read(configuration, tmp_path))
    assert caught.value.message == words


def test_several_platforms_are_refused_where_something_is_built(tmp_path: Path) -> None:
    both = {"platform": "linux/amd64,linux/arm64"}
    check(both, read(IMAGE, tmp_path))
    check({"platform": "linux/arm64"}, read(DOCKERFILE, tmp_path))
    with pytest.raises(SeveralPlatforms):
        check(both, read(DOCKERFILE, tmp_path))
    with pytest.raises(SeveralPlatforms):
        check(both, read({**IMAGE, "features": {"./a": {}}}, tmp_path))
    with pytest.raises(SeveralPlatforms):
        check({**both, "additional_features": '{"./a": {}}'}, read(IMAGE, tmp_path))


def read(configuration: dict[str, Any], folder: Path) -> Configured:
    (folder / ".devcontainer.json").write_text(json.dumps(configuration))
    found = configured(place(str(folder)), {})
    assert found is not None
    return found
