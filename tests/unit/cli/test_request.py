from __future__ import annotations

from pathlib import Path

import pytest

from moorage.cli.options import BadPair, pairs
from moorage.cli.request import BadBuildSecret, BadName, request_of, secrets_of
from moorage.spec.source import LocalFolder


def test_options_become_a_request(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text('{"TOKEN": "t0ken"}')
    request = request_of(
        str(tmp_path),
        {
            "name": "one",
            "env": ("A=b=c",),
            "remote_env": ("B=",),
            "secrets_file": str(secrets),
            "build_secret": (f"id=x,src={secrets}", "id=y,env=HOME"),
            "dotfiles": "me/dotfiles",
            "rebuild": True,
        },
    )
    assert request.source == LocalFolder(path=str(tmp_path))
    assert request.environment == (("A", "b=c"),)
    assert request.remote_environment == (("B", ""),)
    assert request.recreate
    assert request.dotfiles is not None
    assert request.dotfiles.target == "~/dotfiles"
    assert "t0ken" in secrets_of(request)
    assert [secret.id for secret in request.build_secrets] == ["x", "y"]


@pytest.mark.parametrize("name", ["Big", "-x", "x-", "a b", "a/b", "é", "x" * 41])
def test_names_that_no_object_can_have_are_refused(name: str) -> None:
    with pytest.raises(BadName):
        request_of(".", {"name": name})


@pytest.mark.parametrize("text", ["id=x", "src=a", "id=x,src=a,env=B", ""])
def test_build_secrets_say_where_from(text: str) -> None:
    with pytest.raises(BadBuildSecret):
        request_of(".", {"build_secret": (text,)})


def test_pairs_need_a_name_and_a_sign() -> None:
    assert pairs(("A=1", "B=x=y"), "--env") == {"A": "1", "B": "x=y"}
    for text in ("A", "=1", ""):
        with pytest.raises(BadPair):
            pairs((text,), "--env")


def test_the_default_configuration_by_any_name_is_one_workspace() -> None:
    ids = {
        request_of(".", {"config": config}).workspace
        for config in ("", "default", ".devcontainer/devcontainer.json", "./.devcontainer.json")
    }
    assert len(ids) == 1
    one = request_of(".", {"config": "py"}).workspace
    assert one == request_of(".", {"config": ".devcontainer/py/devcontainer.json"}).workspace
    assert one not in ids
