"""What buildctl is called with: nothing secret in any word, and what it cannot do is refused by name."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path

import msgspec
import pytest

from moorage.builders.cluster.call import date, inputs, registries
from moorage.builders.cluster.errors import BuildUnsupportedHere
from moorage.builders.engine.errors import BadBuildArgument, BuildSecretMissing
from moorage.engine.ustar import files
from moorage.oci.credentials import Credential
from moorage.spec.build import BuildSecret, BuildSpec

SPEC = BuildSpec(
    tag="registry.example.com/team/images:0123456789abcdef",
    dockerfile="ARG BASE=debian\nFROM ghcr.io/base/${BASE} AS one\nARG WHO=nobody\nRUN echo $WHO\n",
    dockerfile_name="Dockerfile",
    context="/src",
)


def read(spec: BuildSpec, environment: dict[str, str] | None = None, **logins: Credential) -> dict[str, str]:
    """Contents by name; the top folder of each is left out of its name."""
    archive = inputs(
        spec, {name.replace("_", "."): login for name, login in logins.items()}, environment or {}
    )
    return {name: data.decode() for name, data in files(archive).items()}


def words(spec: BuildSpec, environment: dict[str, str] | None = None) -> list[str]:
    archive = inputs(spec, {}, environment or {})
    text = archive[archive.index(b"build --progress") :].partition(b"\0")[0].decode()
    return shlex.split(text)


def changed(**fields: object) -> BuildSpec:
    return msgspec.structs.replace(SPEC, **fields)


def test_it_pushes_under_the_tag_and_keeps_a_cache_beside_it() -> None:
    found = words(SPEC)
    assert found[found.index("--output") + 1] == f'type=image,"name={SPEC.tag}",push=true'
    cache = "type=registry,ref=registry.example.com/team/images:cache"
    assert found[found.index("--import-cache") + 1] == cache
    assert found[found.index("--export-cache") + 1].startswith(cache)


def test_values_of_arguments_are_in_the_dockerfile_and_in_no_word() -> None:
    spec = changed(args=(("WHO", "it's $me"), ("BASE", "alpine")))
    assert "it's" not in " ".join(words(spec))
    text = read(spec)["Dockerfile"]
    assert text.splitlines()[0] == "ARG BASE='alpine'"
    assert text.splitlines()[2] == "ARG WHO='it'\"'\"'s $me'"


def test_an_argument_with_a_line_break_is_refused_without_its_value() -> None:
    with pytest.raises(BadBuildArgument) as refused:
        words(changed(args=(("WHO", "one\ntwo"),)))
    assert "one" not in refused.value.message


def test_secrets_travel_as_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file")
    secrets = (BuildSecret(id="a", variable="TOKEN"), BuildSecret(id="b", file=str(tmp_path / "key")))
    spec = changed(secrets=secrets)
    assert "hush" not in " ".join(words(spec, {"TOKEN": "hush"}))
    found = read(spec, {"TOKEN": "hush"})
    assert (found["0"], found["1"]) == ("hush", "from a file")
    with pytest.raises(BuildSecretMissing):
        words(spec, {})


def test_an_ssh_agent_cannot_be_reached_but_a_key_file_can(tmp_path: Path) -> None:
    with pytest.raises(BuildUnsupportedHere):
        words(changed(ssh=("default",)))
    (tmp_path / "key").write_text("key")
    found = words(changed(ssh=(f"default={tmp_path / 'key'}",)))
    assert found[found.index("--ssh") + 1] == "default=ssh/0"


def test_logins_are_those_of_every_registry_that_the_build_speaks_to() -> None:
    spec = changed(args=(("BASE", "tools"),), cache_from=("type=registry,ref=cache.example.com/x",))
    assert registries(spec) == ("registry.example.com", "ghcr.io", "cache.example.com")
    written = json.loads(read(SPEC, ghcr_io=Credential(username="me", password="pw"))["config.json"])
    assert base64.b64decode(written["auths"]["ghcr.io"]["auth"]) == b"me:pw"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--add-host=db:10.0.0.1", "--add-host", "web:10.0.0.2"), "add-hosts=db=10.0.0.1,web=10.0.0.2"),
        (("--network=host",), "force-network-mode=host"),
        (("--shm-size", "1g"), "shm-size=1g"),
        (("--label", "a=b"), "label:a=b"),
        (("--build-arg=X=1",), None),
        (("--progress", "plain", "-q"), None),
    ],
)
def test_options_of_docker_build_that_mean_something_here(
    options: tuple[str, ...], expected: str | None
) -> None:
    found = words(changed(options=options))
    assert expected is None or expected in found
    assert not set(options) & set(found[found.index("--local") :])


def test_other_options_are_refused_by_name() -> None:
    with pytest.raises(BuildUnsupportedHere, match="--build-context"):
        words(changed(options=("--build-context", "x=docker-image://y")))


def test_files_of_another_key_have_another_date() -> None:
    other = date(changed(tag="registry.example.com/team/images:ffff"))
    assert date(SPEC) == date(changed(dockerfile="FROM x"))
    assert date(SPEC) != other
    assert 946_684_800 <= other < 1_600_000_000
