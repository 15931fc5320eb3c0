import json
import os

import msgspec
import pytest

from moorage.builders.engine import buildx
from moorage.builders.engine.buildx import Buildx, Inputs
from moorage.spec.build import BuildSecret, BuildSpec

SPEC = BuildSpec(tag="moorage/x:key", dockerfile="FROM x", dockerfile_name="Dockerfile", context="/c")


def program(folder):
    folder.mkdir(parents=True)
    path = folder / "docker-buildx"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def found(environment, home):
    result = buildx.find(environment, str(home))
    return result.path if result else None


def words(spec=SPEC, **inputs):
    return buildx.arguments(Buildx("/bx", 0), spec, Inputs(dockerfile="D", **inputs))


def test_the_users_own_plugin_comes_first(tmp_path):
    path = program(tmp_path / ".docker" / "cli-plugins")
    assert found({"PATH": ""}, tmp_path) == path


def test_docker_config_moves_it_and_names_more_folders(tmp_path):
    configuration = tmp_path / "configuration"
    path = program(configuration / "cli-plugins")
    assert found({"DOCKER_CONFIG": str(configuration)}, tmp_path) == path
    extra = program(tmp_path / "extra")
    (configuration / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(tmp_path / "extra")]}))
    assert found({"DOCKER_CONFIG": str(configuration)}, tmp_path) == extra


def test_a_broken_config_is_no_reason_to_stop(tmp_path):
    path = program(tmp_path / ".docker" / "cli-plugins")
    (tmp_path / ".docker" / "config.json").write_text("{")
    assert found({}, tmp_path) == path


def test_what_cannot_be_run_is_passed_over(tmp_path):
    path = program(tmp_path / ".docker" / "cli-plugins")
    os.chmod(path, 0o644)
    (tmp_path / "second" / "docker-buildx").mkdir(parents=True)
    last = program(tmp_path / "third")
    if not os.access(path, os.X_OK):
        found_path = found({"PATH": f"{tmp_path}/second:{tmp_path}/third"}, tmp_path)
        assert found_path != path
        assert found_path == last or found_path.startswith("/usr")


def test_the_users_options_come_before_ours():
    line = words(options=("--network=host", "--progress", "tty"))
    assert line[:3] == ["/bx", "build", "--network=host"]
    assert line.index("tty") < line.index("rawjson")
    assert line[-1] == "-"


def test_every_field_becomes_its_flag():
    spec = BuildSpec(
        tag="t", dockerfile="", dockerfile_name="", context="", target="dev", platform="linux/arm64",
        labels=(("a b", 'c="d"'),), cache_from=("x:1",), cache_to=("type=inline",), ssh=("default",),
        secrets=(BuildSecret(id="f", file='/a,b"c'), BuildSecret(id="v", variable="TOKEN")),
        pull=True, push=True,
    )  # fmt: skip
    line = words(spec, arguments=("A", "B"), builder="default", folder="/private", metadata="/m")
    assert line == [
        "/bx", "build", "--progress", "rawjson", "--builder", "default", "--platform", "linux/arm64",
        "--tag", "t", "--file", "D", "--target", "dev", "--build-arg", "A", "--build-arg", "B",
        "--label", 'a b=c="d"', "--cache-from", "x:1", "--cache-to", "type=inline",
        "--secret", 'id=f,"src=/a,b""c"', "--secret", "id=v,env=MOORAGE_BUILD_SECRET_1", "--ssh", "default",
        "--pull", "--push", "--metadata-file", "/m", "/private",
    ]  # fmt: skip


def test_no_cache_leaves_cache_from_out():
    spec = BuildSpec(tag="t", dockerfile="", dockerfile_name="", context="", cache_from=("x",), no_cache=True)
    assert "--cache-from" not in words(spec)
    assert "--no-cache" in words(spec)


def test_the_users_choices_are_noticed():
    assert buildx.chooses_builder(("--builder=x",))
    assert not buildx.chooses_builder(("--build-arg", "builder"))
    assert buildx.attests(("--provenance=mode=max",))
    assert not buildx.attests(("--pull",))


def test_an_image_that_stays_here_is_packed_fast():
    own = msgspec.structs.replace(SPEC, tag="moorage/devcontainer:key")
    assert destination(own) == "type=docker,compression=zstd"
    assert destination(own, options=("--network=host",)) == "type=docker,compression=zstd"


@pytest.mark.parametrize(
    ("change", "builder", "options"),
    [
        ({"tag": "registry.example.com/team/project:key"}, "default", ()),
        ({"cache_to": ("type=inline",)}, "default", ()),
        ({}, "", ("--builder=mine",)),
        ({}, "default", ("--output", "type=docker,compression=gzip")),
        ({}, "default", ("-otype=local,dest=/x",)),
    ],
)
def test_an_image_for_others_is_packed_as_usual(change, builder, options):
    spec = msgspec.structs.replace(SPEC, **{"tag": "moorage/devcontainer:key", **change})
    line = words(spec, builder=builder, options=options)
    assert line[-2:] == ["--load", "-"]


def destination(spec, **inputs):
    line = words(spec, builder="default", **inputs)
    return line[line.index("--output") + 1]
