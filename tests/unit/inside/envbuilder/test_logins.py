"""Where logins of registries are found, and what leaves the environment."""

from __future__ import annotations

import json

import pytest

from moorage.inside.envbuilder.leaving import handed_on, parted
from moorage.inside.envbuilder.logins import MOUNTED, BadDockerConfig, Logins, logins
from moorage.inside.envbuilder.options import Options

FILES = {"/d/config.json": b'{"d": {}}', "/f": b'{"f": {}}', MOUNTED: b'{"m": {} /* mounted */,}'}


@pytest.mark.parametrize(
    ("options", "taken", "key", "place"),
    [
        (Options(docker_config_base64=b'{"v": {}}'), {"DOCKER_CONFIG": "/d"}, "v", ""),
        (Options(), {"DOCKER_CONFIG": "/d"}, "d", "/d/config.json"),
        (Options(), {"DOCKER_CONFIG": "/f"}, "f", "/f"),
        (Options(), {"DOCKER_CONFIG": "/none"}, "m", MOUNTED),
        (Options(), {}, "m", MOUNTED),
    ],
)
def test_the_first_counts(options: Options, taken: dict[str, str], key: str, place: str) -> None:
    found = logins(options, taken, FILES.get)
    assert json.loads(found.content) == {key: {}}
    assert found.place == place


def test_none_is_no_fault() -> None:
    assert logins(Options(), {}, {}.get) == Logins()


def test_a_broken_one_is_not_shown() -> None:
    with pytest.raises(BadDockerConfig) as caught:
        logins(Options(docker_config_base64=b'{"auths": correct-horse'), {}, FILES.get)
    assert "correct-horse" not in "\n".join((str(caught.value), *caught.value.evidence))
    assert caught.value.__suppress_context__


def test_what_leaves_the_environment() -> None:
    environ = {
        "ENVBUILDER_GIT_PASSWORD": "p",
        "ENVBUILDER_LATER": "x",
        "GIT_PASSWORD": "p",
        "MOORAGE_GIT_SUBMODULES": "1",
        "CODER_AGENT_TOKEN": "t",
        "DOCKER_CONFIG": "/d",
        "CODER_AGENT_URL": "u",
        "PATH": "/bin",
        "OTHER": "o",
    }
    both = parted(environ)
    assert both.kept == {"CODER_AGENT_URL": "u", "PATH": "/bin", "OTHER": "o"}
    assert both.kept | both.taken == environ
    assert handed_on(both.taken) == {"CODER_AGENT_TOKEN": "t"}
    assert "p" not in repr(both).replace("Parted", "")
